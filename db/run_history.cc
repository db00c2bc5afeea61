#include "db/run_history.h"

#include "db/sqlite/connection.h"

namespace dse {
namespace {

std::vector<RunAttempt> LoadAttempts(sqlite::Connection& connection, int64_t run_id) {
  std::vector<RunAttempt> attempts;
  sqlite::Statement row(connection,
                        "SELECT attempt, host, device, started_at, ended_at, outcome, error,"
                        " best_error, message FROM attempts WHERE run_id = ? ORDER BY attempt",
                        run_id);
  while (row.Step()) {
    attempts.push_back({row.Int(0), row.Text(1), row.Text(2), row.Real(3), row.OptionalReal(4),
                        row.Text(5), row.OptionalReal(6), row.OptionalReal(7), row.Text(8)});
  }
  return attempts;
}

std::vector<RunEpoch> LoadEpochs(sqlite::Connection& connection, int64_t run_id) {
  std::vector<RunEpoch> epochs;
  sqlite::Statement row(connection,
                        "SELECT attempt, epoch, lr, train_loss, train_error, test_loss, test_error,"
                        " seconds FROM epochs WHERE run_id = ? ORDER BY attempt, epoch",
                        run_id);
  while (row.Step()) {
    epochs.push_back({row.Int(0),
                      {row.Int(1), row.Real(2), row.OptionalReal(3), row.OptionalReal(4),
                       row.OptionalReal(5), row.OptionalReal(6), row.Real(7)}});
  }
  return epochs;
}

std::vector<RunEvaluation> LoadEvaluations(sqlite::Connection& connection, int64_t run_id) {
  std::vector<RunEvaluation> evaluations;
  sqlite::Statement row(connection,
                        "SELECT coalesce(e.data_uri, d.uri), e.error, e.loss, e.images,"
                        " coalesce(e.split, ''), coalesce(e.classes, 0), coalesce(e.naming, '')"
                        " FROM evaluations e JOIN datasets d ON d.id = e.dataset_id"
                        " WHERE e.run_id = ? ORDER BY d.id",
                        run_id);
  while (row.Step()) {
    evaluations.push_back(
        {row.Text(0),
         {row.Real(1), row.OptionalReal(2), row.Int(3), row.Text(4), row.Int(5), row.Text(6)}});
  }
  return evaluations;
}

}  // namespace

RunHistory LoadRunHistory(Database& db, int64_t run_id) {
  sqlite::Connection& connection = db.impl().connection;
  sqlite::Transaction snapshot(connection, sqlite::Transaction::Kind::kRead);
  return {LoadAttempts(connection, run_id), LoadEpochs(connection, run_id),
          LoadEvaluations(connection, run_id)};
}

}  // namespace dse
