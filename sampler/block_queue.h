#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "core/draw.h"
#include "core/units.h"
#include "sampler/compiled_space.h"

namespace dse {

// What a run of candidates holds.
struct CandidateBlock {
  int64_t end = 0;             // one past the last candidate
  std::vector<Draw> accepted;  // by candidate; indices are not set yet
};

// Draws candidates first .. end-1 of `space` under `key` and keeps those in `band`.
CandidateBlock DrawBlock(const CompiledSpace& space, uint64_t key, const Band& band, int64_t first,
                         int64_t end);

// Candidates 0 .. end-1 in blocks, drawn by threads and handed out in order. The threads stay at
// most a few blocks ahead, so memory is bounded. Used by one thread; `space` must outlive the
// queue.
class BlockQueue {
 public:
  BlockQueue(const CompiledSpace& space, uint64_t key, const Band& band, int64_t end, int threads);
  ~BlockQueue();  // stops the threads

  // The next block, or nothing if it is not ready after `patience`. Not to be called after the
  // block that reaches `end`. Throws what a thread threw.
  std::optional<CandidateBlock> Next(std::chrono::milliseconds patience);

 private:
  void Work(const std::stop_token& stop);
  void DrawUntilStopped(const std::stop_token& stop);

  const CompiledSpace& space_;
  const uint64_t key_;
  const Band band_;
  const int64_t end_;
  const int64_t ahead_;  // blocks that may be drawn but not handed out

  std::mutex mutex_;
  std::condition_variable_any room_;
  std::condition_variable_any ready_;
  int64_t next_to_draw_ = 0;  // numbers of blocks
  int64_t next_to_give_ = 0;
  std::map<int64_t, CandidateBlock> drawn_;
  std::exception_ptr failure_;

  std::vector<std::jthread> threads_;  // last, so that they end before the rest is destroyed
};

}  // namespace dse
