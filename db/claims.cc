#include "db/claims.h"

#include <memory>
#include <utility>

#include "db/rows/attempt_rows.h"
#include "db/rows/claim_queue.h"
#include "db/sqlite/connection.h"

namespace dse {
namespace {

// Takes run ?3 if it is claimable in turn ?4; a run that others had meanwhile, and lost, is none of
// the first turn any more. Attempts are counted on from the highest, also where the result of an
// earlier one was brought back. Ids of runs that were forgotten are used again, so the dataset is
// asked for as well. The state is asked for although the write lock is held: what claims one run is
// this statement. ?1: retries, ?2: kMostLosses.
std::string ClaimStatement() {
  return std::string(
             "UPDATE runs AS r SET state = 'running', attempt = 1 + max(attempt,"
             "  coalesce((SELECT max(a.attempt) FROM attempts a WHERE a.run_id = r.id), 0)),"
             " owner = ?5, lease_expires = ?6 + ?7, host = ?8, device = ?9, started_at = ?6,"
             " finished_at = NULL, error = NULL, best_error = NULL, micro_batch = NULL,"
             " seconds = NULL, img_per_s = NULL, message = NULL, dse_version = NULL,"
             " engine = NULL, precision = NULL, data_uri = nullif(?10, '')"
             " WHERE id = ?3 AND CASE ?4 WHEN 2 THEN") +
         kRetried + "WHEN 1 THEN state = 'pending' ELSE state = 'pending' AND NOT (" +
         kLastEndedBadly +
         ") END AND (?11 = '' OR dataset_id = (SELECT id FROM datasets WHERE fingerprint = ?11))"
         " RETURNING id, attempt, seed, model_id, recipe_id, dataset_id";
}

std::string TextById(sqlite::Connection& connection, const std::string& sql, int64_t id) {
  sqlite::Statement find(connection, sql, id);
  return find.Step() ? find.Text(0) : std::string();
}

// Row ids of what a run is made of.
struct Parts {
  int64_t model = 0;
  int64_t recipe = 0;
  int64_t dataset = 0;
};

// Claims the first run of the queue that is still to be had.
bool TakeFirst(sqlite::Connection& connection, ClaimQueue& queue, const Owner& owner,
               const ClaimRequest& request, double now, ClaimedRun& run, Parts& parts) {
  sqlite::Statement claim(connection, ClaimStatement());
  while (const std::optional<Candidate> candidate = queue.First()) {
    const bool taken =
        claim
            .Bind(request.retries, kMostLosses, candidate->run_id,
                  static_cast<int>(candidate->turn), owner.token(), now, request.lease_seconds,
                  request.host, request.device, request.data_uri, request.fingerprint)
            .Step();
    queue.Drop(*candidate);
    if (!taken) continue;
    run.run_id = claim.Int(0);
    run.attempt = claim.Int(1);
    run.seed = static_cast<uint64_t>(claim.Int(2));
    parts = {claim.Int(3), claim.Int(4), claim.Int(5)};
    run.token = owner.token();
    return true;
  }
  return false;
}

void ReadParts(sqlite::Connection& connection, const Parts& parts, ClaimedRun& run) {
  run.key = TextById(connection, "SELECT key FROM runs WHERE id = ?", run.run_id);
  run.model_json = TextById(connection, "SELECT spec FROM models WHERE id = ?", parts.model);
  run.recipe_json = TextById(connection, "SELECT document FROM recipes WHERE id = ?", parts.recipe);
  run.fingerprint =
      TextById(connection, "SELECT fingerprint FROM datasets WHERE id = ?", parts.dataset);
  sqlite::Statement epochs(connection,
                           "SELECT max(epoch) FROM epochs WHERE run_id = ?1 AND attempt >"
                           " coalesce((SELECT max(attempt) FROM attempts WHERE run_id = ?1"
                           "  AND outcome IN ('done', 'diverged', 'out_of_memory')), 0)",
                           run.run_id);
  epochs.Step();
  run.epochs_before = epochs.Int(0);
}

std::optional<ClaimedRun> ClaimFrom(sqlite::Connection& connection, ClaimQueue& queue,
                                    const Owner& owner, const ClaimRequest& request) {
  sqlite::Transaction transaction(connection, sqlite::Transaction::Kind::kWrite);
  queue.Update(connection);
  const double now = sqlite::Now();
  ClaimedRun run;
  Parts parts;
  if (!TakeFirst(connection, queue, owner, request, now, run, parts)) return std::nullopt;
  ReadParts(connection, parts, run);
  sqlite::Statement(connection,
                    "INSERT INTO attempts(run_id, attempt, owner, host, device, started_at)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    run.run_id, run.attempt, run.token, request.host, request.device, now)
      .Run();
  transaction.Commit();
  return run;
}

// Reads the file without the write lock, so others go on writing while it is long.
std::shared_ptr<ClaimQueue> FilledQueue(sqlite::Connection& connection,
                                        const ClaimRequest& request) {
  auto queue = std::make_shared<ClaimQueue>(request.run_ids, request.retries);
  sqlite::Transaction snapshot(connection, sqlite::Transaction::Kind::kRead);
  queue->Fill(connection);
  return queue;
}

}  // namespace

std::optional<ClaimedRun> ClaimNext(Database& db, const Owner& owner, const ClaimRequest& request) {
  sqlite::Connection& connection = WritableConnection(db);
  std::shared_ptr<ClaimQueue>& kept = db.impl().claims;
  // Where this throws the queue is gone, and the next claim reads the file.
  const std::shared_ptr<ClaimQueue> known = std::exchange(kept, nullptr);
  if (known && known->IsOf(request.run_ids, request.retries)) {
    if (std::optional<ClaimedRun> run = ClaimFrom(connection, *known, owner, request)) {
      kept = known;
      return run;
    }
  }
  const std::shared_ptr<ClaimQueue> filled = FilledQueue(connection, request);
  std::optional<ClaimedRun> run = ClaimFrom(connection, *filled, owner, request);
  kept = filled;
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
