#include "db/done_runs.h"

#include <nlohmann/json.hpp>

#include "core/json.h"
#include "db/rows/series_rows.h"
#include "db/sqlite/connection.h"

namespace dse {

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
