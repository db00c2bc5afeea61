#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace dse {

// What one worker tells its parent. Written by the worker, read by the parent after it ended (and
// `holding` at any time).
struct WorkerSlot {
  std::atomic<bool> holding;  // a run
  char failure[1024];         // why it gave up, "" if it did not
  std::atomic<bool> named;    // `device` is written, and is not written again
  char device[512];           // that it works on
};

// Counts and slots in memory that a process shares with those it forks later.
class SharedCounts {
 public:
  explicit SharedCounts(int workers);
  ~SharedCounts();
  SharedCounts(const SharedCounts&) = delete;
  SharedCounts& operator=(const SharedCounts&) = delete;

  std::atomic<int64_t>& claimed() { return block_->claimed; }    // runs taken or about to be
  std::atomic<int64_t>& finished() { return block_->finished; }  // runs with a result
  WorkerSlot& slot(int worker) { return slots_[static_cast<size_t>(worker)]; }

  static void SetFailure(WorkerSlot& slot, const std::string& text);
  // The first name stays: a worker's successor has the same device.
  static void SetDevice(WorkerSlot& slot, const std::string& name);

 private:
  struct Block {
    std::atomic<int64_t> claimed;
    std::atomic<int64_t> finished;
  };
  static_assert(std::atomic<int64_t>::is_always_lock_free, "several processes use it");

  size_t bytes_;
  Block* block_;
  std::span<WorkerSlot> slots_;
};

}  // namespace dse
