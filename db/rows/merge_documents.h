#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "db/merge.h"
#include "db/sqlite/sqlite.h"

namespace dse {

// The half of a merge that says what was to be trained: from the file attached as `source` into the
// connection's own, within a transaction. Each answers how many rows were new or changed.

// Throws Error where the two have populations of one name that were made differently; `name` is the
// other file's for people.
void CheckPopulations(sqlite::Connection& connection, const std::string& name);

// Spaces, recipes, datasets, models with stages, fits and timings, populations, members with
// properties. Fills the temporary tables merge_models, merge_recipes, merge_datasets,
// merge_populations and merge_members (s_id, id): row ids of `source` and of the file.
int64_t MergeDocuments(sqlite::Connection& connection);

// Properties that the two have with different values, after MergeDocuments.
std::vector<PropertyConflict> ListPropertyConflicts(sqlite::Connection& connection);

// Series and the runs of their members, when temp.merge_runs is filled (merge_runs.h).
int64_t MergeSeries(sqlite::Connection& connection);

}  // namespace dse
