#pragma once

#include <string>
#include <vector>

#include "core/fit.h"
#include "core/result.h"
#include "db/database.h"

namespace dse {

// Which series to read; an empty list means all. Recipes and datasets by name, URI or hash.
struct SeriesFilter {
  std::vector<std::string> populations;
  std::vector<std::string> recipes;
  std::vector<std::string> datasets;
};

// How much of the series to read.
struct SeriesDetail {
  std::string fit = kDefaultGridName;  // which fits, by their names in core/fit.h
  bool epochs = false;                 // the errors after each epoch of every run
};

// The series of the file by (population, recipe, dataset) in order of creation, members by index.
// Throws Error for a name that is not in the file and suggests the nearest.
std::vector<SeriesRecord> LoadSeries(Database& db, const SeriesFilter& filter,
                                     const SeriesDetail& detail = {});

}  // namespace dse
