#include "db/run_list.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "core/json.h"
#include "db/rows/run_rows.h"
#include "db/rows/series_rows.h"
#include "db/sqlite/connection.h"

namespace dse {
namespace {

using Places = std::unordered_map<int64_t, ListedRun*>;  // by run id

std::vector<ListedRun> ReadRuns(sqlite::Connection& connection, const std::string& ids) {
  std::vector<ListedRun> runs;
  sqlite::Statement row(connection,
                        "SELECT r.id, r.key, o.hash, r.seed, r.state, r.error, r.best_error,"
                        " (SELECT count(*) FROM attempts a WHERE a.run_id = r.id), r.seconds,"
                        " r.img_per_s, r.precision, r.message, r.data_uri FROM json_each(?) w"
                        " JOIN runs r ON r.id = w.value LEFT JOIN models o ON o.id = r.model_id"
                        " ORDER BY r.id",
                        ids);
  while (row.Step()) {
    ListedRun run;
    run.id = row.Int(0);
    run.key = row.Text(1);
    run.hash = row.Text(2);
    run.model = run.hash;
    run.seed = row.Int(3);
    run.state = StoredState(row.Text(4));
    run.error = row.OptionalReal(5);
    run.best_error = row.OptionalReal(6);
    run.attempts = row.Int(7);
    run.seconds = row.OptionalReal(8);
    run.img_per_s = row.OptionalReal(9);
    run.precision = row.Text(10);
    run.message = row.Text(11);
    run.data_uri = row.Text(12);
    runs.push_back(std::move(run));
  }
  return runs;
}

// Names of the members and series that the runs belong to.
void AddNames(sqlite::Connection& connection, const std::string& ids, const Places& places) {
  std::unordered_map<int64_t, SeriesRow> series;
  for (SeriesRow& row : FindSeries(connection, {})) {
    const int64_t id = row.id;
    series.emplace(id, std::move(row));
  }
  sqlite::Statement row(connection,
                        "SELECT l.run_id, l.series_id, m.idx, m.name FROM json_each(?) w"
                        " JOIN series_runs l ON l.run_id = w.value"
                        " JOIN members m ON m.id = l.member_id"
                        " ORDER BY l.run_id, l.series_id, m.idx",
                        ids);
  while (row.Step()) {
    ListedRun& run = *places.at(row.Int(0));
    const SeriesRow& names = series.at(row.Int(1));
    if (run.populations.empty()) {
      run.member = row.Int(2);
      if (!row.IsNull(3)) run.model = row.Text(3);
      run.recipe = names.recipe_names.front();
      run.dataset = names.dataset_names.front();
    }
    if (std::ranges::count(run.populations, names.population) == 0) {
      run.populations.push_back(names.population);
    }
  }
}

void AddEarlierResults(sqlite::Connection& connection, const std::string& ids,
                       const Places& places) {
  sqlite::Statement row(connection,
                        "SELECT a.run_id, a.outcome, a.error FROM json_each(?) w"
                        " JOIN runs r ON r.id = w.value"
                        "  AND r.state NOT IN ('done', 'diverged', 'out_of_memory')"
                        " JOIN attempts a ON a.run_id = r.id"
                        "  AND (a.outcome IN ('diverged', 'out_of_memory')"
                        "   OR (a.outcome = 'done' AND a.error IS NOT NULL))"
                        "  AND NOT EXISTS (SELECT 1 FROM rivals x WHERE x.run_id = a.run_id"
                        "   AND x.attempt = a.attempt)"
                        " ORDER BY a.run_id, a.outcome = 'done', a.attempt",
                        ids);
  while (row.Step()) {
    places.at(row.Int(0))->earlier = {StoredState(row.Text(1)), row.OptionalReal(2)};
  }
}

}  // namespace

bool RunFilter::empty() const {
  return series.populations.empty() && series.recipes.empty() && series.datasets.empty() &&
         states.empty() && models.empty() && seeds.empty() && ids.empty();
}

std::vector<ListedRun> ListRuns(Database& db, const RunFilter& filter) {
  sqlite::Connection& connection = db.impl().connection;
  sqlite::Transaction snapshot(connection, sqlite::Transaction::Kind::kRead);
  const std::string ids = Json(FindRunIds(connection, filter)).dump();
  std::vector<ListedRun> runs = ReadRuns(connection, ids);
  Places places;
  for (ListedRun& run : runs) places.emplace(run.id, &run);
  AddNames(connection, ids, places);
  AddEarlierResults(connection, ids, places);
  return runs;
}

}  // namespace dse
