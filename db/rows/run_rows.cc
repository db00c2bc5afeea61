#include "db/rows/run_rows.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/error.h"
#include "core/json.h"
#include "core/suggest.h"
#include "db/rows/series_rows.h"
#include "db/series.h"

namespace dse {
namespace {

void CheckIds(sqlite::Connection& connection, const std::vector<int64_t>& ids) {
  sqlite::Statement find(connection, "SELECT 1 FROM runs WHERE id = ?");
  for (const int64_t id : ids) {
    find.Bind(id);
    if (!find.Step()) throw Error(connection.path() + ": has no run " + std::to_string(id));
  }
}

void CheckModels(sqlite::Connection& connection, const std::vector<std::string>& models) {
  if (models.empty()) return;
  std::vector<std::string> known;
  sqlite::Statement row(connection,
                        "SELECT hash FROM models UNION SELECT name FROM members"
                        " WHERE name IS NOT NULL");
  while (row.Step()) known.push_back(row.Text(0));
  for (const std::string& model : models) {
    if (std::ranges::count(known, model) == 0) {
      throw Error(connection.path() + ": no network '" + model + "'" + DidYouMean(model, known));
    }
  }
}

// The list as a parameter of a query; NULL where nothing is asked for.
template <typename T>
std::optional<std::string> Parameter(const std::vector<T>& list) {
  if (list.empty()) return std::nullopt;
  return Json(list).dump();
}

std::optional<std::string> SeriesParameter(sqlite::Connection& connection,
                                           const SeriesFilter& filter) {
  if (filter.populations.empty() && filter.recipes.empty() && filter.datasets.empty()) return {};
  Json ids = Json::array();
  for (const SeriesRow& series : FindSeries(connection, filter)) ids.push_back(series.id);
  return ids.dump();
}

}  // namespace

RunState StoredState(const std::string& text) {
  for (const Word<RunState>& word : kRunStateWords) {
    if (text == word.text) return word.value;
  }
  throw Error("internal: unknown run state '" + text + "'");
}

std::vector<int64_t> FindRunIds(sqlite::Connection& connection, const RunFilter& filter) {
  CheckIds(connection, filter.ids);
  CheckModels(connection, filter.models);
  std::vector<std::string> states;
  for (const RunState state : filter.states) states.emplace_back(RunStateText(state));
  sqlite::Statement row(
      connection,
      "SELECT r.id FROM runs r LEFT JOIN models o ON o.id = r.model_id"
      " WHERE (?1 IS NULL OR r.id IN (SELECT l.run_id FROM series_runs l"
      "   JOIN json_each(?1) w ON w.value = l.series_id))"
      " AND (?2 IS NULL OR r.state IN (SELECT value FROM json_each(?2)))"
      " AND (?3 IS NULL OR r.seed IN (SELECT value FROM json_each(?3)))"
      " AND (?4 IS NULL OR r.id IN (SELECT value FROM json_each(?4)))"
      " AND (?5 IS NULL OR o.hash IN (SELECT value FROM json_each(?5))"
      "   OR r.id IN (SELECT l.run_id FROM json_each(?5) w JOIN members m ON m.name = w.value"
      "     JOIN series_runs l ON l.member_id = m.id))"
      " ORDER BY r.id",
      SeriesParameter(connection, filter.series), Parameter(states), Parameter(filter.seeds),
      Parameter(filter.ids), Parameter(filter.models));
  std::vector<int64_t> ids;
  while (row.Step()) ids.push_back(row.Int(0));
  return ids;
}

}  // namespace dse
