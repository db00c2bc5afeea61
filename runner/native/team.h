#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "runner/data/background_team.h"

namespace dse::native {

// The caller and `threads` - 1 threads that stay: they share the tasks of one list at a time. One
// thread owns a team and calls it.
class Team {
 public:
  explicit Team(int threads);  // at least 1
  int size() const { return others_ ? others_->size() + 1 : 1; }

  // Calls work(thread, task) for 0 <= task < tasks, 0 <= thread < size(), and returns when all are
  // done. A thread begins with its part of the list, from the first task on, the same in every list
  // as long; when it has done that, it takes the last tasks of others'. Throws what a task threw;
  // others may then be left out.
  template <typename Work>
  void Run(int tasks, const Work& work) {
    Share(tasks, Call{&work, [](const void* f, int thread, int task) {
                        (*static_cast<const Work*>(f))(thread, task);
                      }});
  }

  // While a list runs: the task that a thread takes behind `task` if no other does, or -1.
  int NextTask(int thread, int task) const;

 private:
  // A reference to a function, so that a list needs no memory.
  struct Call {
    const void* work;
    void (*call)(const void* work, int thread, int task);
  };
  // What is left of a thread's part, on a cache line of its own.
  struct alignas(64) Part {
    std::atomic<uint64_t> left{0};  // first task << 32 | end
  };
  void Share(int tasks, const Call& call);
  void TakeTasks(int thread);

  std::unique_ptr<BackgroundTeam> others_;  // none where the caller is alone
  const Call* call_ = nullptr;
  int tasks_ = 0;
  std::unique_ptr<Part[]> parts_;  // one a thread
};

}  // namespace dse::native
