#pragma once

#include <cstdint>

#include "db/populations.h"
#include "db/sqlite/sqlite.h"

namespace dse {

// A query of populations, which a WHERE or ORDER BY may follow (`p` is the table), and a row of it;
// column 0 is the row id, column 10 the number of members.
inline constexpr const char* kSelectPopulations =
    "SELECT p.id, p.name, p.origin, coalesce(s.name, ''), coalesce(s.document, ''), p.seed,"
    " p.flops_low, p.flops_high, p.candidates, p.sampler_version,"
    " (SELECT count(*) FROM members WHERE population_id = p.id)"
    " FROM populations p LEFT JOIN spaces s ON s.id = p.space_id";
PopulationRecord ReadPopulation(const sqlite::Statement& row);

// Row id of the population, made or (with the same arguments) found. Use within a transaction.
// Throws Error for a population of that name made otherwise and names the difference.
int64_t FindOrInsertPopulation(sqlite::Connection& connection, const PopulationRecord& population);

// Natural keys.
std::string PopulationKey(const PopulationRecord& population);
std::string ImportedPopulationKey(const std::string& name);
std::string SpaceKey(const std::string& name, const std::string& document);

}  // namespace dse
