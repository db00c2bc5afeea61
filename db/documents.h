#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "db/runs.h"
#include "db/sqlite.h"

namespace dse {

// Row ids by natural key, inserting what the file does not know. What is there already stays as it
// is, so names are those first given. Use within a transaction.
int64_t StoreRecipe(sqlite::Connection& connection, const RecipeRow& recipe);
int64_t StoreDataset(sqlite::Connection& connection, const DatasetRow& dataset);
int64_t StoreSeries(sqlite::Connection& connection, int64_t population_id, int64_t recipe_id,
                    int64_t dataset_id);
std::optional<int64_t> FindDataset(sqlite::Connection& connection, const std::string& fingerprint);

}  // namespace dse
