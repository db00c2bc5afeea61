#include "db/giving_back.h"

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

// Runs of the set whose owner is gone for good, or silent for too long.
std::vector<Held> FindLost(sqlite::Connection& connection, const RunSet& runs) {
  sqlite::Statement row(
      connection, "SELECT id, attempt, owner, lease_expires FROM runs WHERE state = 'running'");
  std::vector<Held> lost;
  const double now = sqlite::Now();
  while (row.Step()) {
    if (!runs.PositionOf(row.Int(0))) continue;
    Held held{row.Int(0), row.Int(1), row.Text(2), row.Real(3)};
    if (held.lease_expires < now || Owner::FromToken(held.owner).CertainlyDead()) {
      lost.push_back(std::move(held));
    }
  }
  return lost;
}

}  // namespace

int64_t ReclaimLost(Database& db, const RunSet& run_ids) {
  sqlite::Connection& connection = WritableConnection(db);
  if (FindLost(connection, run_ids).empty()) return 0;  // most often, and without the write lock
  sqlite::Transaction transaction(connection, sqlite::Transaction::Kind::kWrite);
  const std::vector<Held> lost = FindLost(connection, run_ids);
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
