#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace dse {

// So many runs that fail one after another with the same sentence are not to blame for it.
inline constexpr size_t kFailuresInARow = 3;

// What one worker tells its parent and the other workers. Written by the worker; `failure` is read
// after it ended, the rest at any time.
struct WorkerSlot {
  std::atomic<bool> holding;      // a run
  std::atomic<int64_t> progress;  // epochs that no attempt had reached before, and results
  // The last failures in a row: of different runs, with the same sentence. A reader may see a row
  // half-written; what it does with it is checked against the database.
  struct Failure {
    std::atomic<int64_t> run_id;  // 0 = none
    std::atomic<int64_t> attempt;
  };
  std::atomic<uint64_t> sentence;  // a hash of it; 0 = no failures
  std::array<Failure, kFailuresInARow> failures;
  char failure[1024];       // why it gave up, "" if it did not
  std::atomic<bool> named;  // `device` is written, and is not written again
  char device[512];         // that it works on
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
  // Seconds since 1970 when somebody last said that the database is locked.
  std::atomic<int64_t>& lock_told() { return block_->lock_told; }
  // Whether a worker left a run because it would not fit into the time of the job.
  std::atomic<bool>& out_of_time() { return block_->out_of_time; }
  std::span<WorkerSlot> slots() { return slots_; }
  WorkerSlot& slot(int worker) { return slots_[static_cast<size_t>(worker)]; }

  static void SetFailure(WorkerSlot& slot, const std::string& text);
  // The first name stays: a worker's successor has the same device.
  static void SetDevice(WorkerSlot& slot, const std::string& name);

 private:
  struct Block {
    std::atomic<int64_t> claimed;
    std::atomic<int64_t> finished;
    std::atomic<int64_t> lock_told;
    std::atomic<bool> out_of_time;
  };
  static_assert(std::atomic<int64_t>::is_always_lock_free, "several processes use it");

  size_t bytes_;
  Block* block_;
  std::span<WorkerSlot> slots_;
};

}  // namespace dse
