#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "db/series.h"
#include "db/sqlite/sqlite.h"

namespace dse {

// A row of the view series_names.
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

// The series that `filter` lets through, in order of creation. Throws Error for a name that is not
// in the file and suggests the nearest.
std::vector<SeriesRow> FindSeries(sqlite::Connection& connection, const SeriesFilter& filter);

}  // namespace dse
