#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace dse {

// Threads that work through one list of tasks at a time while their owner does something else. They
// start with the first list, so a team made before a fork and first used after it works there. One
// thread owns a team and calls it.
class BackgroundTeam {
 public:
  // Called with the number of the thread (0 <= thread < threads) and of the task.
  using Work = std::function<void(int thread, int64_t task)>;

  explicit BackgroundTeam(int threads);  // at least 1
  ~BackgroundTeam();                     // drops the tasks that have not begun
  BackgroundTeam(const BackgroundTeam&) = delete;
  BackgroundTeam& operator=(const BackgroundTeam&) = delete;

  int size() const { return size_; }

  // Begins work(thread, i) for 0 <= i < count; the list before must have been ended by one of the
  // two below.
  void Start(int64_t count, Work work);
  // Returns when the list is done. Of the tasks that threw, throws what the first in the list did;
  // tasks behind it may have been left out.
  void Wait();
  // Drops the tasks that have not begun, waits for the others and forgets what they threw.
  void Cancel();

 private:
  void Serve(int thread);
  void RunTask(std::unique_lock<std::mutex>& lock, int thread);
  void WaitUntilIdle(std::unique_lock<std::mutex>& lock);

  const int size_;
  std::mutex mutex_;
  std::condition_variable tasks_came_;
  std::condition_variable tasks_ended_;
  Work work_;
  int64_t next_ = 0;   // the first task that has not begun
  int64_t count_ = 0;  // tasks of the list
  int running_ = 0;
  bool stopping_ = false;
  std::exception_ptr failure_;
  int64_t failed_task_ = 0;  // of failure_
  std::vector<std::jthread> threads_;
};

}  // namespace dse
