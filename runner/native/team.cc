#include "runner/native/team.h"

#include <algorithm>

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

}  // namespace

Team::Team(int threads) : parts_(std::make_unique<Part[]>(static_cast<size_t>(threads))) {
  if (threads > 1) others_ = std::make_unique<BackgroundTeam>(threads - 1);
}

int Team::NextTask(int thread, int task) const {
  const BatchPart own = PartOf(tasks_, thread, size());
  const bool follows = task >= own.first && task + 1 < own.first + own.count;
  return follows ? task + 1 : -1;
}

void Team::Share(int tasks, const Call& call) {
  call_ = &call;
  tasks_ = tasks;
  for (int thread = 0; thread < size(); ++thread) {
    const BatchPart part = PartOf(tasks, thread, size());
    parts_[static_cast<size_t>(thread)].left =
        Left(static_cast<uint32_t>(part.first), static_cast<uint32_t>(part.first + part.count));
  }
  const int helpers = std::min(size(), tasks) - 1;
  if (helpers <= 0) {
    TakeTasks(0);
    return;
  }
  others_->Start(helpers, [this](int thread, int64_t) { TakeTasks(thread + 1); });
  try {
    TakeTasks(0);
  } catch (...) {
    for (int thread = 0; thread < size(); ++thread) parts_[static_cast<size_t>(thread)].left = 0;
    others_->Cancel();
    throw;
  }
  others_->Wait();
}

void Team::TakeTasks(int thread) {
  for (int other = 0; other < size(); ++other) {
    std::atomic<uint64_t>& tasks = parts_[static_cast<size_t>((thread + other) % size())].left;
    for (int task = Take(tasks, other == 0); task >= 0; task = Take(tasks, other == 0)) {
      call_->call(call_->work, thread, task);
    }
  }
}

}  // namespace dse::native
