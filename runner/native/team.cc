#include "runner/native/team.h"

#include <algorithm>
#include <utility>

#include "runner/training/division.h"

namespace dse::native {
namespace {

uint64_t Left(uint32_t first, uint32_t end) { return uint64_t{first} << 32 | end; }
uint32_t FirstOf(uint64_t left) { return static_cast<uint32_t>(left >> 32); }
uint32_t EndOf(uint64_t left) { return static_cast<uint32_t>(left); }

// The first or the last of the tasks that are left; -1 where there are none.
int Take(std::atomic<uint64_t>& tasks, bool first) {
  uint64_t left = tasks;
  while (FirstOf(left) < EndOf(left)) {
    const uint64_t fewer =
        first ? Left(FirstOf(left) + 1, EndOf(left)) : Left(FirstOf(left), EndOf(left) - 1);
    if (tasks.compare_exchange_weak(left, fewer)) {
      return static_cast<int>(first ? FirstOf(left) : EndOf(fewer));
    }
  }
  return -1;
}

void Pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

// Returns when the value is another one.
template <typename T>
void WaitForChange(const std::atomic<T>& value, T old) {
  constexpr int kLooks = 1000;  // 50 microseconds on processors whose pause is long
  for (int look = 0; look < kLooks; ++look) {
    if (value != old) return;
    Pause();
  }
  value.wait(old);
}

}  // namespace

Team::Team(int threads) : size_(std::max(1, threads)), parts_(static_cast<size_t>(size_)) {}

Team::~Team() {
  stopping_ = true;
  ++lists_;
  lists_.notify_all();
}

int Team::NextTask(int thread, int task) const {
  const BatchPart own = PartOf(tasks_, thread, size_);
  const bool follows = task >= own.first && task + 1 < own.first + own.count;
  return follows ? task + 1 : -1;
}

void Team::Share(int tasks, const Call& call) {
  if (tasks <= 0) return;
  while (static_cast<int>(others_.size()) < size_ - 1) {
    others_.emplace_back(&Team::Serve, this, static_cast<int>(others_.size()) + 1);
  }
  call_ = &call;
  tasks_ = tasks;
  undone_ = tasks;
  for (int thread = 0; thread < size_; ++thread) {
    const BatchPart part = PartOf(tasks, thread, size_);
    parts_[static_cast<size_t>(thread)].left =
        Left(static_cast<uint32_t>(part.first), static_cast<uint32_t>(part.first + part.count));
  }
  if (tasks > 1 && size_ > 1) {
    ++lists_;
    lists_.notify_all();
  }
  TakeTasks(0);
  for (int undone = undone_; undone > 0; undone = undone_) WaitForChange(undone_, undone);
  const std::lock_guard lock(mutex_);
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

// A thread that comes late finds nothing left, or tasks of the next list, which it may take.
void Team::Serve(int thread) {
  uint32_t seen = 0;
  while (true) {
    WaitForChange(lists_, seen);
    seen = lists_;
    if (stopping_) return;  // asked behind `seen`: who has seen the last change sees why it came
    TakeTasks(thread);
  }
}

void Team::TakeTasks(int thread) {
  for (int other = 0; other < size_; ++other) {
    std::atomic<uint64_t>& tasks = parts_[static_cast<size_t>((thread + other) % size_)].left;
    for (int task = Take(tasks, other == 0); task >= 0; task = Take(tasks, other == 0)) {
      DoTask(thread, task);
    }
  }
}

void Team::DoTask(int thread, int task) {
  try {
    call_->call(call_->work, thread, task);
  } catch (...) {
    {
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
    }
    Drop();
  }
  CountDone(1);
}

// Leaves the tasks out that nobody has taken.
void Team::Drop() {
  for (Part& part : parts_) {
    const uint64_t left = part.left.exchange(0);
    if (FirstOf(left) < EndOf(left)) CountDone(static_cast<int>(EndOf(left) - FirstOf(left)));
  }
}

void Team::CountDone(int tasks) {
  if (undone_.fetch_sub(tasks) == tasks) undone_.notify_all();
}

}  // namespace dse::native
