#pragma once

#include <cstdint>

#include "db/populations.h"
#include "db/sqlite.h"

namespace dse {

// Row id of the population, made or (with the same arguments) found. Use within a transaction.
// Throws Error for a population of that name made otherwise and names the difference.
int64_t FindOrInsertPopulation(sqlite::Connection& connection, const PopulationRecord& population);

}  // namespace dse
