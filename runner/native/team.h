#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace dse::native {

// The caller and `threads` - 1 threads that stay: they share the tasks of one list at a time. They
// start with the first list, so that a team made before a fork and first used after it works there.
// Who waits, for a list or for its end, looks for it a while before sleeping: lists follow each
// other closely. One thread owns a team and calls it.
class Team {
 public:
  explicit Team(int threads);  // at least 1
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int size() const { return size_; }

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
  void Serve(int thread);
  void TakeTasks(int thread);
  void DoTask(int thread, int task);
  void Drop();
  void CountDone(int tasks);

  const int size_;
  std::vector<Part> parts_;  // one a thread
  // Of the present list: written before its parts, and read by who has taken a task of it.
  const Call* call_ = nullptr;
  int tasks_ = 0;
  alignas(64) std::atomic<uint32_t> lists_{0};  // begun so far
  alignas(64) std::atomic<int> undone_{0};      // tasks of the present one
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::exception_ptr failure_;  // the first one's
  std::vector<std::jthread> others_;
};

}  // namespace dse::native
