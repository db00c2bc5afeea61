#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "db/run_set.h"
#include "db/sqlite/sqlite.h"

namespace dse {

// Runs are claimed in turns, so that what fails again and again keeps nothing else waiting.
enum class ClaimTurn {
  kPending = 0,       // nothing speaks against it
  kAfterTrouble = 1,  // pending, but its last attempt was lost, or given back with a message
  kFailed = 2
};
inline constexpr int kClaimTurns = 3;

// A run that may be claimed now.
struct Candidate {
  int64_t run_id = 0;
  ClaimTurn turn = ClaimTurn::kPending;
  uint32_t position = 0;  // in the set
};

// The claimable runs of a set as a connection knows them, so that a claim costs the same however
// many runs the set and the file have. The file is read once; later only its table `returns` is,
// to which a trigger adds each run that becomes claimable (again), whoever made it so. What others
// took meanwhile is still in here, so a candidate is tried, and dropped where it is gone.
//
// Rejected: a search of the set by each claim (it grows with the runs that are done), an index of
// claimable runs in the file (it holds those of other plans too, which every claim would pass).
class ClaimQueue {
 public:
  ClaimQueue(RunSet runs, int retries) : runs_(std::move(runs)), retries_(retries) {}

  // Whether it is of these runs, with so many retries: with more of them a run that was dropped
  // may be claimable.
  bool IsOf(const RunSet& runs, int retries) const { return retries == retries_ && runs == runs_; }
  // Reads all that is claimable in the file. Within a transaction.
  void Fill(sqlite::Connection& connection);
  // Reads what became claimable since. Within a transaction.
  void Update(sqlite::Connection& connection);

  // The next candidate, by turn and then in the order of the set. Empty: none is known.
  std::optional<Candidate> First() const;
  void Drop(const Candidate& candidate);

 private:
  RunSet runs_;
  int retries_;
  int64_t seen_ = 0;              // the last row of `returns` that was read
  std::vector<uint32_t> filled_;  // positions of the first turn as the file was read, ascending
  size_t next_ = 0;               // of filled_
  std::set<uint32_t> later_[kClaimTurns];  // positions that came since, and of later turns
};

}  // namespace dse
