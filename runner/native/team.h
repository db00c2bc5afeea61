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
  // done. Which thread takes a task is left to chance. Throws what a task threw; others may then be
  // left out.
  template <typename Work>
  void Run(int64_t tasks, const Work& work) {
    Share(tasks, Call{&work, [](const void* f, int thread, int64_t task) {
                        (*static_cast<const Work*>(f))(thread, task);
                      }});
  }

 private:
  // A reference to a function, so that a list needs no memory.
  struct Call {
    const void* work;
    void (*call)(const void* work, int thread, int64_t task);
  };
  void Share(int64_t tasks, const Call& call);
  void TakeTasks(int thread);

  std::unique_ptr<BackgroundTeam> others_;  // none where the caller is alone
  const Call* call_ = nullptr;
  int64_t tasks_ = 0;
  std::atomic<int64_t> next_{0};
};

}  // namespace dse::native
