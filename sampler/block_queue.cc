#include "sampler/block_queue.h"

#include <algorithm>
#include <utility>

#include "sampler/candidate.h"
#include "sampler/compiled_space.h"

namespace dse {
namespace {

// About a millisecond of work: locks cost nothing beside it, and little is drawn in vain at the
// end.
constexpr int64_t kBlockSize = 4096;

}  // namespace

CandidateBlock DrawBlock(const Space::Compiled& space, uint64_t key,
                         const std::optional<Band>& band, int64_t first, int64_t end) {
  CandidateBlock block;
  block.first = first;
  block.end = end;
  Candidate candidate;
  for (int64_t number = first; number < end; ++number) {
    if (!DrawCandidate(space, key, number, candidate)) continue;
    const int64_t flops = candidate.complexity.flops;
    ++block.valid;
    block.lowest_flops = std::min(block.lowest_flops.value_or(flops), flops);
    block.highest_flops = std::max(block.highest_flops.value_or(flops), flops);
    if (!band || band->Contains(flops)) block.accepted.push_back(number);
  }
  return block;
}

BlockQueue::BlockQueue(const Space::Compiled& space, uint64_t key, const std::optional<Band>& band,
                       int64_t end, int threads)
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
