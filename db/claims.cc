#include "db/claims.h"

#include "db/rows/attempt_rows.h"
#include "db/sqlite/connection.h"

namespace dse {
namespace {

// Runs are claimed in three turns ?8: those that nothing speaks against; pending ones whose last
// attempt ended badly; failed ones. So what fails again and again keeps nothing else waiting.
// Attempts are counted on from the highest, also where the result of an earlier one was brought
// back. Ids of runs that were forgotten are used again, so the dataset is asked for as well. The
// state is asked for again, although the write lock is held: what claims one run is this statement.
constexpr int kTurns = 3;
constexpr const char* kClaim =
    "UPDATE runs SET state = 'running', attempt = 1 + max(attempt, coalesce((SELECT max(a.attempt)"
    " FROM attempts a WHERE a.run_id = runs.id), 0)), owner = ?1, lease_expires = ?2 + ?3,"
    " host = ?4, device = ?5, started_at = ?2, finished_at = NULL, error = NULL, best_error = NULL,"
    " micro_batch = NULL, seconds = NULL, img_per_s = NULL, message = NULL, dse_version = NULL,"
    " engine = NULL, precision = NULL, data_uri = nullif(?9, '')"
    " WHERE id = (SELECT r.id FROM temp.claim_set c JOIN runs r ON r.id = c.run_id"
    "  WHERE CASE ?8 WHEN 0 THEN r.state = 'pending' AND NOT EXISTS(SELECT 1 FROM attempts a"
    "    WHERE a.run_id = r.id AND a.attempt = r.attempt AND (a.outcome IN ('lost', 'failed')"
    "     OR (a.outcome = 'released' AND a.message IS NOT NULL)))"
    "   WHEN 1 THEN r.state = 'pending'"
    "   ELSE r.state = 'failed' AND r.failures BETWEEN 1 AND ?6 AND r.losses < ?7 END"
    "  AND (?10 = '' OR r.dataset_id = (SELECT id FROM datasets WHERE fingerprint = ?10))"
    "  ORDER BY c.ordinal LIMIT 1)"
    " AND state IN ('pending', 'failed')"
    " RETURNING id, attempt, seed, model_id, recipe_id, dataset_id";

std::string TextById(sqlite::Connection& connection, const std::string& sql, int64_t id) {
  sqlite::Statement find(connection, sql, id);
  return find.Step() ? find.Text(0) : std::string();
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
    sqlite::Statement claim(connection, kClaim);
    bool found = false;
    for (int turn = 0; turn < kTurns && !found; ++turn) {
      found = claim
                  .Bind(owner.token(), now, request.lease_seconds, request.host, request.device,
                        request.retries, kMostLosses, turn, request.data_uri, request.fingerprint)
                  .Step();
    }
    if (!found) return std::nullopt;
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
  {
    sqlite::Statement epochs(connection,
                             "SELECT max(epoch) FROM epochs WHERE run_id = ?1 AND attempt >"
                             " coalesce((SELECT max(attempt) FROM attempts WHERE run_id = ?1"
                             "  AND outcome IN ('done', 'diverged', 'out_of_memory')), 0)",
                             run.run_id);
    epochs.Step();
    run.epochs_before = epochs.Int(0);
  }
  sqlite::Statement(connection,
                    "INSERT INTO attempts(run_id, attempt, owner, host, device, started_at)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    run.run_id, run.attempt, run.token, request.host, request.device, now)
      .Run();
  transaction.Commit();
  return run;
}

bool RenewLease(Database& db, const ClaimedRun& run, double lease_seconds) {
  sqlite::Statement renew(WritableConnection(db),
                          std::string("UPDATE runs SET lease_expires = ?4") + kOurs, run.run_id,
                          run.attempt, run.token, sqlite::Now() + lease_seconds);
  return renew.Run() > 0;
}

bool WhileOurs(Database& db, const ClaimedRun& run, double lease_seconds,
               const std::function<void()>& action) {
  sqlite::Transaction transaction(WritableConnection(db), sqlite::Transaction::Kind::kWrite);
  if (!RenewLease(db, run, lease_seconds)) return false;
  action();
  transaction.Commit();
  return true;
}

}  // namespace dse
