#include "sampler/block_queue.h"

#include <algorithm>
#include <utility>

#include "sampler/candidate_drawer.h"

namespace dse {
namespace {

// About a millisecond of work: locks cost nothing beside it, and little is drawn in vain at the
// end.
constexpr int64_t kBlockSize = 4096;

}  // namespace

CandidateBlock DrawBlock(const CompiledSpace& space, uint64_t key, const Band& band, int64_t first,
                         int64_t end) {
  CandidateBlock block;
  block.end = end;
  CandidateDrawer drawer(space, key);
  Candidate candidate;
  for (int64_t number = first; number < end; ++number) {
    if (!drawer.Draw(number, band, candidate)) continue;
    Draw draw;
    draw.candidate = number;
    draw.model = ModelOf(space, candidate);
    draw.hash = ModelHash(draw.model);
    draw.complexity = candidate.complexity;
    draw.overrides = drawer.DrawOverrides(number);
    block.accepted.push_back(std::move(draw));
  }
  return block;
}

BlockQueue::BlockQueue(const CompiledSpace& space, uint64_t key, const Band& band, int64_t end,
                       int threads)
    : space_(space), key_(key), band_(band), end_(end), ahead_(int64_t{4} * threads) {
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this](const std::stop_token& stop) { Work(stop); });
  }
}

BlockQueue::~BlockQueue() {
  for (std::jthread& thread : threads_) thread.request_stop();
}

std::optional<CandidateBlock> BlockQueue::Next(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  ready_.wait_for(lock, patience, [&] { return failure_ || drawn_.contains(next_to_give_); });
  if (failure_) std::rethrow_exception(failure_);
  const auto found = drawn_.find(next_to_give_);
  if (found == drawn_.end()) return {};
  CandidateBlock block = std::move(found->second);
  drawn_.erase(found);
  ++next_to_give_;
  room_.notify_all();
  return block;
}

void BlockQueue::Work(const std::stop_token& stop) {
  try {
    DrawUntilStopped(stop);
  } catch (...) {
    const std::lock_guard lock(mutex_);
    failure_ = std::current_exception();
    ready_.notify_all();
  }
}

void BlockQueue::DrawUntilStopped(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (true) {
    if (!room_.wait(lock, stop, [&] { return next_to_draw_ < next_to_give_ + ahead_; })) return;
    const int64_t number = next_to_draw_;
    if (stop.stop_requested() || number > (end_ - 1) / kBlockSize) return;
    ++next_to_draw_;
    lock.unlock();
    const int64_t first = number * kBlockSize;
    CandidateBlock block =
        DrawBlock(space_, key_, band_, first, first + std::min(kBlockSize, end_ - first));
    lock.lock();
    drawn_.emplace(number, std::move(block));
    ready_.notify_all();
  }
}

}  // namespace dse
