#include <cmath>
#include <utility>
#include <vector>

#include "core/version.h"
#include "db/connection.h"
#include "db/runs.h"

namespace dse {
namespace {

// A run that has cost so many owners their lives without an epoch in between is taken for the
// cause.
constexpr int kMostLosses = 5;

// Attempts are counted on from the highest, also where the result of an earlier one was brought
// back. The state is asked for again, although the write lock is held: what claims one run is this
// statement.
constexpr const char* kClaim =
    "UPDATE runs SET state = 'running', attempt = 1 + max(attempt, coalesce((SELECT max(a.attempt)"
    " FROM attempts a WHERE a.run_id = runs.id), 0)), owner = ?1, lease_expires = ?2 + ?3,"
    " host = ?4, device = ?5, started_at = ?2, finished_at = NULL, error = NULL, best_error = NULL,"
    " micro_batch = NULL, seconds = NULL, img_per_s = NULL, message = NULL, dse_version = NULL,"
    " torch_version = NULL, precision = NULL"
    " WHERE id = (SELECT r.id FROM temp.claim_set c JOIN runs r ON r.id = c.run_id"
    "  WHERE r.state = 'pending' OR (r.state = 'failed' AND r.failures BETWEEN 1 AND ?6"
    "   AND r.losses < ?7) ORDER BY c.ordinal LIMIT 1)"
    " AND state IN ('pending', 'failed')"
    " RETURNING id, attempt, seed, model_id, recipe_id, dataset_id";

// The run is checked against all three, so one that was given to somebody else is left alone.
constexpr const char* kOurs =
    " WHERE id = ?1 AND attempt = ?2 AND owner = ?3 AND state = 'running'";

std::string TextById(sqlite::Connection& connection, const std::string& sql, int64_t id) {
  sqlite::Statement find(connection, sql, id);
  return find.Step() ? find.Text(0) : std::string();
}

struct Held {
  int64_t run_id = 0;
  int64_t attempt = 0;
  std::string owner;
  double lease_expires = 0;
};

// Runs of the set whose owner is gone for good, or silent for too long.
std::vector<Held> FindLost(sqlite::Connection& connection) {
  sqlite::Statement row(connection,
                        "SELECT r.id, r.attempt, r.owner, r.lease_expires FROM temp.claim_set c"
                        " JOIN runs r ON r.id = c.run_id WHERE r.state = 'running'");
  std::vector<Held> lost;
  const double now = sqlite::Now();
  while (row.Step()) {
    Held held{row.Int(0), row.Int(1), row.Text(2), row.Real(3)};
    if (held.lease_expires < now || Owner::FromToken(held.owner).CertainlyDead()) {
      lost.push_back(std::move(held));
    }
  }
  return lost;
}

void EndAttempt(sqlite::Connection& connection, int64_t run_id, int64_t attempt, double now,
                const char* outcome, const std::string& message) {
  sqlite::Statement(connection,
                    "UPDATE attempts SET ended_at = ?3, outcome = ?4, message = nullif(?5, '')"
                    " WHERE run_id = ?1 AND attempt = ?2",
                    run_id, attempt, now, outcome, message)
      .Run();
}

std::optional<double> FiniteOrEmpty(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? value : std::nullopt;
}

void CheckPercent(const Database& db, const std::optional<double>& error) {
  if (error && !(*error >= 0 && *error <= 100)) {
    throw Error(db.path() + ": an error of " + std::to_string(*error) +
                " cannot be stored: it must be a percentage from 0 to 100");
  }
}

}  // namespace

std::optional<ClaimedRun> ClaimNext(Database& db, const Owner& owner, const ClaimRequest& request) {
  sqlite::Connection& connection = WritableConnection(db);
  FillClaimSet(db, request.run_ids);
  sqlite::Transaction transaction(connection, sqlite::Transaction::Kind::kWrite);
  const double now = sqlite::Now();
  ClaimedRun run;
  int64_t model = 0, recipe = 0, dataset = 0;
  {
    sqlite::Statement claim(connection, kClaim, owner.token(), now, request.lease_seconds,
                            request.host, request.device, request.retries, kMostLosses);
    if (!claim.Step()) return std::nullopt;
    run.run_id = claim.Int(0);
    run.attempt = claim.Int(1);
    run.seed = static_cast<uint64_t>(claim.Int(2));
    model = claim.Int(3);
    recipe = claim.Int(4);
    dataset = claim.Int(5);
  }
  run.token = owner.token();
  run.key = TextById(connection, "SELECT key FROM runs WHERE id = ?", run.run_id);
  run.model_json = TextById(connection, "SELECT spec FROM models WHERE id = ?", model);
  run.recipe_json = TextById(connection, "SELECT document FROM recipes WHERE id = ?", recipe);
  run.fingerprint = TextById(connection, "SELECT fingerprint FROM datasets WHERE id = ?", dataset);
  sqlite::Statement(connection,
                    "INSERT INTO attempts(run_id, attempt, owner, host, device, started_at)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    run.run_id, run.attempt, run.token, request.host, request.device, now)
      .Run();
  transaction.Commit();
  return run;
}

int64_t ReclaimLost(Database& db, std::span<const int64_t> run_ids) {
  sqlite::Connection& connection = WritableConnection(db);
  FillClaimSet(db, run_ids);
  if (FindLost(connection).empty()) return 0;  // most often, and without the write lock
  sqlite::Transaction transaction(connection, sqlite::Transaction::Kind::kWrite);
  const std::vector<Held> lost = FindLost(connection);
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

bool RenewLease(Database& db, const ClaimedRun& run, double lease_seconds) {
  sqlite::Statement renew(WritableConnection(db),
                          std::string("UPDATE runs SET lease_expires = ?4") + kOurs, run.run_id,
                          run.attempt, run.token, sqlite::Now() + lease_seconds);
  return renew.Run() > 0;
}

bool RecordEpoch(Database& db, const ClaimedRun& run, const EpochRecord& epoch) {
  CheckPercent(db, epoch.train_error);
  CheckPercent(db, epoch.test_error);
  sqlite::Statement record(
      WritableConnection(db),
      std::string("INSERT INTO epochs(run_id, attempt, epoch, lr, train_loss, train_error,"
                  " test_loss, test_error, seconds)"
                  " SELECT id, attempt, ?4, ?5, ?6, ?7, ?8, ?9, ?10 FROM runs") +
          kOurs +
          " ON CONFLICT(run_id, attempt, epoch) DO UPDATE SET lr = excluded.lr,"
          " train_loss = excluded.train_loss, train_error = excluded.train_error,"
          " test_loss = excluded.test_loss, test_error = excluded.test_error,"
          " seconds = excluded.seconds",
      run.run_id, run.attempt, run.token, epoch.epoch, epoch.lr, FiniteOrEmpty(epoch.train_loss),
      epoch.train_error, FiniteOrEmpty(epoch.test_loss), epoch.test_error, epoch.seconds);
  if (record.Run() == 0) return false;
  // A run that gets on is not what ends its owners.
  sqlite::Statement(WritableConnection(db),
                    "UPDATE runs SET losses = 0 WHERE id = ? AND losses > 0", run.run_id)
      .Run();
  return true;
}

bool FinishRun(Database& db, const ClaimedRun& run, const FinishedRun& result) {
  const bool done = result.state == RunState::kDone;
  const bool failed = result.state == RunState::kFailed;
  if (!done && !failed && result.state != RunState::kDiverged &&
      result.state != RunState::kOutOfMemory) {
    throw Error(std::string("internal: a run cannot finish as ") + RunStateText(result.state));
  }
  if (done != result.error.has_value()) {
    throw Error(db.path() + ": a run has an error if and only if it is done");
  }
  const std::optional<double> best_error =
      done || result.state == RunState::kDiverged ? result.best_error : std::nullopt;
  CheckPercent(db, result.error);
  CheckPercent(db, best_error);
  sqlite::Connection& connection = WritableConnection(db);
  sqlite::Transaction transaction(connection, sqlite::Transaction::Kind::kWrite);
  const double now = sqlite::Now();
  sqlite::Statement finish(
      connection,
      std::string("UPDATE runs SET state = ?4, owner = NULL, lease_expires = NULL, error = ?5,"
                  " best_error = ?6, micro_batch = ?7, seconds = ?8, img_per_s = ?9,"
                  " message = nullif(?10, ''), torch_version = nullif(?11, ''), dse_version = ?12,"
                  " finished_at = ?13, failures = failures + ?14, precision = nullif(?15, '')") +
          kOurs,
      run.run_id, run.attempt, run.token, RunStateText(result.state), result.error, best_error,
      result.micro_batch, result.seconds, FiniteOrEmpty(result.img_per_s), result.message,
      result.torch_version, Version(), now, failed ? 1 : 0, result.precision);
  if (finish.Run() == 0) return false;
  EndAttempt(connection, run.run_id, run.attempt, now, RunStateText(result.state), result.message);
  sqlite::Statement(connection,
                    "UPDATE attempts SET error = r.error, best_error = r.best_error,"
                    " micro_batch = r.micro_batch, seconds = r.seconds, img_per_s = r.img_per_s,"
                    " dse_version = r.dse_version, torch_version = r.torch_version,"
                    " precision = r.precision FROM runs r"
                    " WHERE r.id = ?1 AND run_id = ?1 AND attempts.attempt = ?2",
                    run.run_id, run.attempt)
      .Run();
  // Tests of an earlier attempt's weights say nothing of this one.
  sqlite::Statement(connection, "DELETE FROM evaluations WHERE run_id = ?", run.run_id).Run();
  transaction.Commit();
  return true;
}

bool ReleaseRun(Database& db, const ClaimedRun& run) {
  sqlite::Connection& connection = WritableConnection(db);
  sqlite::Transaction transaction(connection, sqlite::Transaction::Kind::kWrite);
  sqlite::Statement release(
      connection,
      std::string("UPDATE runs SET state = 'pending', owner = NULL, lease_expires = NULL") + kOurs,
      run.run_id, run.attempt, run.token);
  if (release.Run() == 0) return false;
  EndAttempt(connection, run.run_id, run.attempt, sqlite::Now(), "released", "");
  transaction.Commit();
  return true;
}

}  // namespace dse
