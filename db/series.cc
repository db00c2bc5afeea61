#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "core/suggest.h"
#include "db/connection.h"
#include "db/member_rows.h"
#include "db/results.h"
#include "db/run_rows.h"

namespace dse {
namespace {

struct SeriesRow {
  int64_t id = 0;
  int64_t population_id = 0;
  std::string population;
  std::string space;
  std::vector<std::string> recipe_names;  // what a filter may call it; the first one is shown
  std::vector<std::string> dataset_names;
  std::optional<double> lr;
  std::optional<double> weight_decay;
};

std::vector<SeriesRow> ListSeries(sqlite::Connection& connection) {
  std::vector<SeriesRow> list;
  sqlite::Statement row(connection,
                        "SELECT series_id, population_id, population, space, recipe, recipe_name,"
                        " recipe_hash, dataset, uri, fingerprint, lr, weight_decay"
                        " FROM series_names ORDER BY series_id");
  while (row.Step()) {
    list.push_back({row.Int(0),
                    row.Int(1),
                    row.Text(2),
                    row.Text(3),
                    {row.Text(4), row.Text(5), row.Text(6)},
                    {row.Text(7), row.Text(8), row.Text(9)},
                    row.OptionalReal(10),
                    row.OptionalReal(11)});
  }
  return list;
}

bool Overlap(const std::vector<std::string>& wanted, const std::vector<std::string>& names) {
  return wanted.empty() || std::ranges::any_of(names, [&](const std::string& n) {
           return std::ranges::count(wanted, n);
         });
}

// Every wanted name must be one of `known`.
void CheckNames(const std::string& path, const char* kind, const std::vector<std::string>& wanted,
                const std::vector<std::string>& known) {
  for (const std::string& name : wanted) {
    if (!std::ranges::count(known, name)) {
      throw Error(path + ": no " + kind + " '" + name + "'" + DidYouMean(name, known));
    }
  }
}

void CheckFilter(sqlite::Connection& connection, const std::vector<SeriesRow>& series,
                 const SeriesFilter& filter) {
  std::vector<std::string> populations, recipes, datasets;
  sqlite::Statement row(connection, "SELECT name FROM populations ORDER BY id");
  while (row.Step()) populations.push_back(row.Text(0));
  for (const SeriesRow& s : series) {
    recipes.insert(recipes.end(), s.recipe_names.begin(), s.recipe_names.end());
    datasets.insert(datasets.end(), s.dataset_names.begin(), s.dataset_names.end());
  }
  CheckNames(connection.path(), "population", filter.populations, populations);
  CheckNames(connection.path(), "recipe with results", filter.recipes, recipes);
  CheckNames(connection.path(), "dataset with results", filter.datasets, datasets);
}

// Members of a population as every series of it starts from.
struct Members {
  std::vector<MemberRecord> records;
  std::unordered_map<int64_t, size_t> places;  // by row id
};

Members LoadPopulation(sqlite::Connection& connection, int64_t population_id) {
  Members members;
  for (MemberRow& row : LoadMemberRows(connection, population_id)) {
    MemberRecord record;
    record.index = row.index;
    record.hash = std::move(row.hash);
    record.model = std::move(row.model);
    record.complexity = row.complexity;
    record.lr = row.overrides.lr;
    record.weight_decay = row.overrides.weight_decay;
    record.fit = row.fit;
    members.places.emplace(row.id, members.records.size());
    members.records.push_back(std::move(record));
  }
  sqlite::Statement row(connection,
                        "SELECT p.member_id, p.name, p.value FROM members m"
                        " JOIN properties p ON p.member_id = m.id WHERE m.population_id = ?",
                        population_id);
  while (row.Step()) {
    members.records[members.places.at(row.Int(0))].properties.emplace(row.Text(1), row.Real(2));
  }
  return members;
}

void AddRuns(sqlite::Connection& connection, int64_t series_id, Members& members) {
  sqlite::Statement row(
      connection,
      "SELECT l.member_id, r.state, r.seed, r.error, r.best_error, r.seconds,"
      " r.micro_batch IS NOT NULL FROM series_runs l JOIN runs r ON r.id = l.run_id"
      " WHERE l.series_id = ?",
      series_id);
  while (row.Step()) {
    RunRecord run;
    run.state = StoredState(row.Text(1));
    run.seed = static_cast<uint64_t>(row.Int(2));
    run.error = row.OptionalReal(3);
    run.best_error = row.OptionalReal(4);
    run.seconds = row.OptionalReal(5);
    run.micro_batched = row.Int(6) != 0;
    members.records[members.places.at(row.Int(0))].runs.push_back(run);
  }
  for (MemberRecord& member : members.records) {
    std::ranges::sort(member.runs, {}, &RunRecord::seed);
  }
}

SeriesRecord MakeSeries(sqlite::Connection& connection, const SeriesRow& row, Members members) {
  AddRuns(connection, row.id, members);
  for (MemberRecord& member : members.records) {
    if (!member.lr) member.lr = row.lr;
    if (!member.weight_decay) member.weight_decay = row.weight_decay;
  }
  return {row.population, row.space, row.recipe_names.front(), row.dataset_names.front(),
          std::move(members.records)};
}

}  // namespace

std::vector<SeriesRecord> LoadSeries(Database& db, const SeriesFilter& filter) {
  sqlite::Connection& connection = db.impl().connection;
  sqlite::Transaction snapshot(connection, sqlite::Transaction::Kind::kRead);
  const std::vector<SeriesRow> all = ListSeries(connection);
  CheckFilter(connection, all, filter);

  std::vector<SeriesRow> wanted;
  std::map<int64_t, int> uses;  // of a population's members by the series still to come
  for (const SeriesRow& row : all) {
    if (Overlap(filter.populations, {row.population}) &&
        Overlap(filter.recipes, row.recipe_names) && Overlap(filter.datasets, row.dataset_names)) {
      wanted.push_back(row);
      ++uses[row.population_id];
    }
  }
  std::map<int64_t, Members> populations;
  std::vector<SeriesRecord> series;
  for (const SeriesRow& row : wanted) {
    const auto [at, fresh] = populations.try_emplace(row.population_id);
    if (fresh) at->second = LoadPopulation(connection, row.population_id);
    if (--uses[row.population_id] > 0) {
      series.push_back(MakeSeries(connection, row, at->second));
    } else {
      series.push_back(MakeSeries(connection, row, std::move(at->second)));
    }
  }
  return series;
}

}  // namespace dse
