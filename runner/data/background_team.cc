#include "runner/data/background_team.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace dse {

BackgroundTeam::BackgroundTeam(int threads) : size_(std::max(1, threads)) {}

BackgroundTeam::~BackgroundTeam() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  tasks_came_.notify_all();
}

void BackgroundTeam::Start(int64_t count, Work work) {
  {
    const std::lock_guard lock(mutex_);
    assert(running_ == 0 && next_ == count_);
    work_ = std::move(work);
    next_ = 0;
    count_ = count;
  }
  tasks_came_.notify_all();
  while (static_cast<int>(threads_.size()) < size_) {
    threads_.emplace_back(&BackgroundTeam::Serve, this, static_cast<int>(threads_.size()));
  }
}

void BackgroundTeam::Wait() {
  std::unique_lock lock(mutex_);
  WaitUntilIdle(lock);
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void BackgroundTeam::Cancel() {
  std::unique_lock lock(mutex_);
  count_ = next_;
  WaitUntilIdle(lock);
  failure_ = nullptr;
}

void BackgroundTeam::WaitUntilIdle(std::unique_lock<std::mutex>& lock) {
  tasks_ended_.wait(lock, [this] { return next_ == count_ && running_ == 0; });
}

void BackgroundTeam::Serve(int thread) {
  std::unique_lock lock(mutex_);
  while (true) {
    tasks_came_.wait(lock, [this] { return stopping_ || next_ < count_; });
    if (stopping_) return;
    RunTask(lock, thread);
  }
}

// Tasks begin in order, so the first that throws has begun before a later one ends the list.
void BackgroundTeam::RunTask(std::unique_lock<std::mutex>& lock, int thread) {
  const int64_t task = next_++;
  ++running_;
  lock.unlock();
  std::exception_ptr failure;
  try {
    work_(thread, task);
  } catch (...) {
    failure = std::current_exception();
  }
  lock.lock();
  --running_;
  if (failure && (!failure_ || task < failed_task_)) {
    failure_ = failure;
    failed_task_ = task;
  }
  if (failure) count_ = next_;
  if (next_ == count_ && running_ == 0) tasks_ended_.notify_all();
}

}  // namespace dse
