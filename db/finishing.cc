#include "db/finishing.h"

#include "core/version.h"
#include "db/rows/attempt_rows.h"
#include "db/sqlite/connection.h"

namespace dse {

bool FinishRun(Database& db, const ClaimedRun& run, const FinishedRun& result,
               const std::function<void()>& settle) {
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
                  " message = nullif(?10, ''), engine = nullif(?11, ''), dse_version = ?12,"
                  " finished_at = ?13, failures = failures + ?14, precision = nullif(?15, '')") +
          kOurs,
      run.run_id, run.attempt, run.token, RunStateText(result.state), result.error, best_error,
      result.micro_batch, result.seconds, FiniteOrEmpty(result.img_per_s), result.message,
      result.engine, Version(), now, failed ? 1 : 0, result.precision);
  if (finish.Run() == 0) return false;
  EndAttempt(connection, run.run_id, run.attempt, now, RunStateText(result.state), result.message);
  sqlite::Statement(connection,
                    "UPDATE attempts SET error = r.error, best_error = r.best_error,"
                    " micro_batch = r.micro_batch, seconds = r.seconds, img_per_s = r.img_per_s,"
                    " dse_version = r.dse_version, engine = r.engine,"
                    " precision = r.precision FROM runs r"
                    " WHERE r.id = ?1 AND run_id = ?1 AND attempts.attempt = ?2",
                    run.run_id, run.attempt)
      .Run();
  if (done) {
    // Tests of an earlier attempt's weights say nothing of this one.
    sqlite::Statement(connection, "DELETE FROM evaluations WHERE run_id = ?", run.run_id).Run();
    if (settle) settle();
  }
  transaction.Commit();
  return true;
}

}  // namespace dse
