#include "db/rows/series_rows.h"

#include <algorithm>

#include "core/suggest.h"

namespace dse {
namespace {

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

}  // namespace

std::vector<SeriesRow> FindSeries(sqlite::Connection& connection, const SeriesFilter& filter) {
  std::vector<SeriesRow> series = ListSeries(connection);
  CheckFilter(connection, series, filter);
  std::erase_if(series, [&](const SeriesRow& row) {
    return !Overlap(filter.populations, {row.population}) ||
           !Overlap(filter.recipes, row.recipe_names) ||
           !Overlap(filter.datasets, row.dataset_names);
  });
  return series;
}

}  // namespace dse
