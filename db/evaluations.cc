#include "db/evaluations.h"

#include "db/sqlite/connection.h"

namespace dse {

std::optional<Evaluation> FindEvaluation(Database& db, int64_t run_id,
                                         const std::string& fingerprint) {
  sqlite::Statement row(db.impl().connection,
                        "SELECT e.error, e.loss, e.images, coalesce(e.split, ''),"
                        " coalesce(e.classes, 0), coalesce(e.naming, '') FROM evaluations e"
                        " JOIN datasets d ON d.id = e.dataset_id"
                        " WHERE e.run_id = ? AND d.fingerprint = ?",
                        run_id, fingerprint);
  if (!row.Step()) return std::nullopt;
  return Evaluation{row.Real(0), row.OptionalReal(1), row.Int(2),
                    row.Text(3), row.Int(4),          row.Text(5)};
}

bool StoreEvaluation(Database& db, const DoneRun& run, const DatasetRow& dataset,
                     const Evaluation& evaluation) {
  sqlite::Connection& connection = WritableConnection(db);
  sqlite::Transaction transaction(connection, sqlite::Transaction::Kind::kWrite);
  sqlite::Statement store(
      connection,
      "INSERT OR REPLACE INTO evaluations"
      "(run_id, dataset_id, error, loss, images, evaluated_at, data_uri, split, classes, naming)"
      " SELECT id, ?4, ?5, ?6, ?7, ?8, ?9, nullif(?10, ''), nullif(?11, 0),"
      " nullif(?12, '') FROM runs"
      " WHERE id = ?1 AND key = ?2 AND attempt = ?3 AND state = 'done'",
      run.run_id, run.key, run.attempt, StoreDataset(connection, dataset), evaluation.error,
      evaluation.loss, evaluation.images, sqlite::Now(), dataset.uri, evaluation.split,
      evaluation.classes, evaluation.naming);
  if (store.Run() == 0) return false;
  if (evaluation.classes > 0) {
    sqlite::Statement(connection,
                      "DELETE FROM evaluations WHERE run_id = ?1 AND classes IS NULL AND ?2 ="
                      " coalesce(data_uri, (SELECT uri FROM datasets d WHERE d.id = dataset_id))",
                      run.run_id, dataset.uri)
        .Run();
  }
  transaction.Commit();
  return true;
}

}  // namespace dse
