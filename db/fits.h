#pragma once

#include <span>
#include <string>
#include <utility>

#include "core/fit.h"
#include "db/database.h"

namespace dse {

// Stores fits by (model hash, grid), replacing equal keys. Unknown hashes are an error.
void StoreFits(Database& db, const std::string& grid,
               std::span<const std::pair<std::string, Fit>> fits);

}  // namespace dse
