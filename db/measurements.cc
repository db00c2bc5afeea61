#include "db/measurements.h"

#include <nlohmann/json.hpp>

#include "core/complexity.h"
#include "core/json.h"
#include "db/connection.h"
#include "db/documents.h"
#include "db/member_rows.h"
#include "db/results.h"
#include "db/series_rows.h"
#include "db/sqlite.h"

namespace dse {
namespace {

const char* ModeWord(const TimingKey& key) { return key.training ? "training" : "inference"; }

}  // namespace

std::vector<DoneRun> LoadDoneRuns(Database& db, const std::vector<std::string>& populations,
                                  const std::vector<std::string>& recipes) {
  sqlite::Connection& connection = db.impl().connection;
  sqlite::Transaction transaction(connection, sqlite::Transaction::Kind::kRead);
  Json series_ids = Json::array();
  for (const SeriesRow& series : FindSeries(connection, {populations, recipes, {}})) {
    series_ids.push_back(series.id);
  }
  sqlite::Statement rows(
      connection,
      "SELECT r.id, r.key, coalesce((SELECT m.name FROM series_runs l JOIN members m"
      "  ON m.id = l.member_id WHERE l.run_id = r.id ORDER BY m.id LIMIT 1), o.hash),"
      " o.spec, c.document, r.seed, r.error, d.fingerprint, r.attempt "
      "FROM runs r JOIN models o ON o.id = r.model_id JOIN recipes c ON c.id = r.recipe_id "
      "JOIN datasets d ON d.id = r.dataset_id "
      "WHERE r.state = 'done' AND r.id IN (SELECT l.run_id FROM series_runs l"
      "  JOIN json_each(?) w ON w.value = l.series_id) ORDER BY r.id",
      series_ids.dump());
  std::vector<DoneRun> runs;
  while (rows.Step()) {
    runs.push_back({rows.Int(0), rows.Text(1), rows.Text(2), rows.Text(3), rows.Text(4),
                    rows.Int(5), rows.Real(6), rows.Text(7), rows.Int(8)});
  }
  transaction.Commit();
  return runs;
}

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

std::optional<Timing> FindTiming(Database& db, const TimingKey& key) {
  sqlite::Statement row(db.impl().connection,
                        "SELECT t.milliseconds, t.lowest, t.highest, t.samples, t.library"
                        " FROM timings t JOIN models o ON o.id = t.model_id"
                        " WHERE o.hash = ? AND t.mode = ? AND t.device = ? AND t.precision = ?"
                        " AND t.threads = ? AND t.batch_size = ?",
                        key.model_hash, ModeWord(key), key.device, key.precision, key.threads,
                        key.batch_size);
  if (!row.Step()) return std::nullopt;
  return Timing{row.Real(0), row.Real(1), row.Real(2), static_cast<int>(row.Int(3)), row.Text(4)};
}

void StoreTiming(Database& db, const Model& model, const TimingKey& key, const Timing& timing) {
  sqlite::Connection& connection = WritableConnection(db);
  sqlite::Transaction transaction(connection, sqlite::Transaction::Kind::kWrite);
  const int64_t model_id =
      MemberWriter(connection).StoreModel(model, key.model_hash, CountComplexity(model));
  sqlite::Statement(connection,
                    "INSERT OR REPLACE INTO timings"
                    "(model_id, mode, device, precision, threads, batch_size,"
                    " milliseconds, lowest, highest, samples, library, measured_at)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    model_id, ModeWord(key), key.device, key.precision, key.threads, key.batch_size,
                    timing.milliseconds, timing.lowest, timing.highest, timing.samples,
                    timing.library, sqlite::Now())
      .Run();
  transaction.Commit();
}

std::vector<TimingRecord> LoadTimings(Database& db) {
  std::vector<TimingRecord> timings;
  sqlite::Statement row(db.impl().connection,
                        "SELECT o.hash, t.mode = 'training', t.device, t.precision, t.threads,"
                        " t.batch_size, t.milliseconds FROM timings t"
                        " JOIN models o ON o.id = t.model_id"
                        " WHERE EXISTS (SELECT 1 FROM members m WHERE m.model_id = o.id)"
                        " ORDER BY o.id, t.mode, t.device, t.precision, t.threads, t.batch_size");
  while (row.Step()) {
    timings.push_back({row.Text(0), row.Int(1) != 0, row.Text(2), row.Text(3),
                       static_cast<int>(row.Int(4)), static_cast<int>(row.Int(5)), row.Real(6)});
  }
  return timings;
}

std::optional<double> FindError(Database& db, const std::string& model_hash) {
  sqlite::Statement row(db.impl().connection,
                        "SELECT avg(r.error) FROM runs r JOIN models o ON o.id = r.model_id"
                        " WHERE o.hash = ? AND r.state = 'done'"
                        " HAVING count(DISTINCT r.recipe_id || ' ' || r.dataset_id) = 1",
                        model_hash);
  if (!row.Step()) return std::nullopt;
  return row.OptionalReal(0);
}

}  // namespace dse
