#include "db/rows/claim_queue.h"

#include <algorithm>
#include <string>

#include "db/rows/attempt_rows.h"

namespace dse {
namespace {

// The id and turn of claimable runs of `source`, which names them `r`. A run that failed for good
// is none. ?1: retries, ?2: kMostLosses.
std::string Claimable(const std::string& source) {
  return std::string("SELECT r.id, CASE WHEN r.state = 'failed' THEN 2 WHEN") + kLastEndedBadly +
         "THEN 1 ELSE 0 END FROM " + source + " (r.state = 'pending' OR (" + kRetried + "))";
}

int64_t LastReturn(sqlite::Connection& connection) {
  return connection.QueryInt("SELECT max(seq) FROM returns");
}

}  // namespace

void ClaimQueue::Fill(sqlite::Connection& connection) {
  filled_.clear();
  next_ = 0;
  for (std::set<uint32_t>& turn : later_) turn.clear();
  seen_ = LastReturn(connection);
  sqlite::Statement rows(connection, Claimable("runs r WHERE"), retries_, kMostLosses);
  while (rows.Step()) {
    const std::optional<uint32_t> position = runs_.PositionOf(rows.Int(0));
    if (!position) continue;
    const auto turn = static_cast<size_t>(rows.Int(1));
    if (turn == 0) {
      filled_.push_back(*position);
    } else {
      later_[turn].insert(*position);
    }
  }
  std::ranges::sort(filled_);
}

// The cross join keeps SQLite from searching `returns` for each claimable run.
void ClaimQueue::Update(sqlite::Connection& connection) {
  sqlite::Statement rows(
      connection, Claimable("returns x CROSS JOIN runs r ON r.id = x.run_id WHERE x.seq > ?3 AND"),
      retries_, kMostLosses, seen_);
  while (rows.Step()) {
    const std::optional<uint32_t> position = runs_.PositionOf(rows.Int(0));
    if (position) later_[static_cast<size_t>(rows.Int(1))].insert(*position);
  }
  seen_ = LastReturn(connection);
}

std::optional<Candidate> ClaimQueue::First() const {
  std::optional<uint32_t> first;
  if (next_ < filled_.size()) first = filled_[next_];
  for (int turn = 0; turn < kClaimTurns; ++turn) {
    const std::set<uint32_t>& later = later_[turn];
    if (!later.empty()) first = std::min(*later.begin(), first.value_or(*later.begin()));
    if (first) return Candidate{runs_.ids()[*first], static_cast<ClaimTurn>(turn), *first};
  }
  return std::nullopt;
}

void ClaimQueue::Drop(const Candidate& candidate) {
  const bool first_turn = candidate.turn == ClaimTurn::kPending;
  if (first_turn && next_ < filled_.size() && filled_[next_] == candidate.position) ++next_;
  later_[static_cast<size_t>(candidate.turn)].erase(candidate.position);
}

}  // namespace dse
