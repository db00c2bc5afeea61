#include "db/giving_back.h"

#include <set>
#include <utility>
#include <vector>

#include "db/owner.h"
#include "db/rows/attempt_rows.h"
#include "db/sqlite/connection.h"

namespace dse {
namespace {

struct Held {
  int64_t run_id = 0;
  int64_t attempt = 0;
  std::string owner;
  double lease_expires = 0;
};

// Runs of the set that somebody holds.
std::vector<Held> FindHeld(sqlite::Connection& connection, const RunSet& runs) {
  sqlite::Statement row(
      connection, "SELECT id, attempt, owner, lease_expires FROM runs WHERE state = 'running'");
  std::vector<Held> held;
  while (row.Step()) {
    if (!runs.PositionOf(row.Int(0))) continue;
    held.push_back({row.Int(0), row.Int(1), row.Text(2), row.Real(3)});
  }
  return held;
}

// Runs of the set whose owner is gone for good, or silent for too long. `ended` are tokens of
// owners that are known to have ended.
std::vector<Held> FindLost(sqlite::Connection& connection, const RunSet& runs,
                           const std::set<std::string>& ended) {
  std::vector<Held> lost = FindHeld(connection, runs);
  const double now = sqlite::Now();
  std::erase_if(lost, [&](const Held& held) {
    return held.lease_expires >= now && !ended.contains(held.owner) &&
           !Owner::FromToken(held.owner).CertainlyDead();
  });
  return lost;
}

// Tokens of those who hold runs of the set.
std::set<std::string> Holders(sqlite::Connection& connection, const RunSet& runs) {
  std::set<std::string> tokens;
  for (const Held& held : FindHeld(connection, runs)) tokens.insert(held.owner);
  return tokens;
}

}  // namespace

int64_t ReclaimLost(Database& db, const RunSet& run_ids, const EndedOwners& ended) {
  sqlite::Connection& connection = WritableConnection(db);
  const std::set<std::string> ended_tokens = EndedInJobs(Holders(connection, run_ids), ended);
  // Most often there are none, which is seen without the write lock.
  if (FindLost(connection, run_ids, ended_tokens).empty()) return 0;
  sqlite::Transaction transaction(connection, sqlite::Transaction::Kind::kWrite);
  const std::vector<Held> lost = FindLost(connection, run_ids, ended_tokens);
  sqlite::Statement give_back(
      connection,
      "UPDATE runs SET state = CASE WHEN losses + 1 < ?4 THEN 'pending' ELSE 'failed' END,"
      " losses = losses + 1, owner = NULL, lease_expires = NULL,"
      " finished_at = CASE WHEN losses + 1 < ?4 THEN NULL ELSE ?5 END,"
      " message = CASE WHEN losses + 1 < ?4 THEN NULL ELSE ?6 END" +
          std::string(kOurs));
  const double now = sqlite::Now();
  const std::string message =
      "its process ended " + std::to_string(kMostLosses) + " times without a result";
  for (const Held& held : lost) {
    give_back.Bind(held.run_id, held.attempt, held.owner, kMostLosses, now, message).Run();
    EndAttempt(connection, held.run_id, held.attempt, now, "lost", "");
  }
  transaction.Commit();
  return static_cast<int64_t>(lost.size());
}

std::optional<ClaimedRun> ClaimOrReclaim(Database& db, const Owner& owner,
                                         const ClaimRequest& request, const EndedOwners& ended) {
  std::optional<ClaimedRun> run = ClaimNext(db, owner, request);
  if (run) return run;
  // What it gives back does not matter: between the two another may have done it.
  ReclaimLost(db, request.run_ids, ended);
  return ClaimNext(db, owner, request);
}

bool ReleaseRun(Database& db, const ClaimedRun& run, const std::string& message) {
  sqlite::Connection& connection = WritableConnection(db);
  sqlite::Transaction transaction(connection, sqlite::Transaction::Kind::kWrite);
  sqlite::Statement release(
      connection,
      std::string("UPDATE runs SET state = 'pending', owner = NULL, lease_expires = NULL") + kOurs,
      run.run_id, run.attempt, run.token);
  if (release.Run() == 0) return false;
  EndAttempt(connection, run.run_id, run.attempt, sqlite::Now(), "released", message);
  transaction.Commit();
  return true;
}

bool GivenBackWith(Database& db, const ClaimedRun& run, const std::string& beginning) {
  sqlite::Statement found(
      db.impl().connection,
      "SELECT 1 FROM attempts WHERE run_id = ?1 AND attempt < ?2 AND outcome = 'released'"
      " AND substr(message, 1, length(?3)) = ?3"
      " AND attempt > coalesce((SELECT max(attempt) FROM attempts WHERE run_id = ?1"
      "  AND attempt < ?2 AND outcome IN ('done', 'diverged', 'out_of_memory')), 0) LIMIT 1",
      run.run_id, run.attempt, beginning);
  return found.Step();
}

int64_t TakeBackFailures(Database& db, std::span<const FailedAttempt> failures) {
  sqlite::Connection& connection = WritableConnection(db);
  sqlite::Transaction transaction(connection, sqlite::Transaction::Kind::kWrite);
  sqlite::Statement take_back(
      connection,
      "UPDATE runs SET state = 'pending', failures = failures - 1, message = NULL,"
      " finished_at = NULL WHERE id = ?1 AND attempt = ?2 AND state = 'failed' AND failures > 0"
      " AND EXISTS(SELECT 1 FROM attempts WHERE run_id = ?1 AND attempt = ?2"
      "  AND outcome = 'failed')");
  sqlite::Statement release(connection,
                            "UPDATE attempts SET outcome = 'released'"
                            " WHERE run_id = ?1 AND attempt = ?2");
  int64_t taken = 0;
  for (const FailedAttempt& failure : failures) {
    if (take_back.Bind(failure.run_id, failure.attempt).Run() == 0) continue;
    release.Bind(failure.run_id, failure.attempt).Run();
    ++taken;
  }
  transaction.Commit();
  return taken;
}

}  // namespace dse
