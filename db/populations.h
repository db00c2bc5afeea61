#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/draw.h"
#include "core/units.h"
#include "db/database.h"

namespace dse {

// How a population came to be: drawn from a space, named by hand (db/additions.h) or imported.
// `name` is unique in a file; the natural key is the hash of all the fields above `candidates`, so
// files can be merged.
struct PopulationRecord {
  std::string name;
  std::string origin = "sampled";  // sampled, named, imported
  std::string space_name;          // "" unless sampled
  std::string space_document;      // resolved JSON, "" unless sampled
  std::optional<uint64_t> seed;
  std::optional<Band> band;
  int64_t candidates = 0;  // tried so far
  int sampler_version = 0;
};

struct StoreSummary {
  int64_t inserted = 0;
  int64_t existing = 0;
  // "5 members added, 10 there already" for people.
  std::string Text() const;
};

// Writes a population with its members, models and stages in one transaction. A population of that
// name made by the same arguments is extended: draws already stored are compared with the stored
// ones, the rest is added. Throws Error, leaving the file as it was, if the name belongs to a
// population made otherwise (the differing argument is named) or a stored member differs.
StoreSummary StorePopulation(Database& db, const PopulationRecord& population,
                             std::span<const Draw> draws);

// A stored member, as training needs it.
struct StoredMember {
  int64_t member_id = 0;  // row id, valid in this file only
  std::string population;
  Draw draw;
};
// Members by (population, index) of the named populations, of all if none is named; members without
// a model (imported numbers) are left out. Throws Error for an unknown name and suggests the
// nearest.
std::vector<StoredMember> LoadMembers(Database& db, std::span<const std::string> populations);

}  // namespace dse
