#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/draw.h"
#include "core/result.h"
#include "db/database.h"
#include "db/populations.h"

namespace dse {

// Populations named by hand: no space, no seed, no band; they grow by what is added. Both functions
// make the population where it is missing, append what it does not have in the order given, and
// leave the file as it was when they throw Error, such as for a population that was drawn or
// imported.

// Of a draw count its model, hash, complexity and overrides; a member with the same network and
// overrides is left alone.
StoreSummary AddMembers(Database& db, const std::string& population, std::span<const Draw> draws);

// The members of population `from` with the lowest error.
struct BestRequest {
  std::string from;
  int64_t count = 1;
  // Which of its series, named as in SeriesFilter; not needed where only one has finished runs.
  std::optional<std::string> recipe;
  std::optional<std::string> dataset;
  ErrorKind error = ErrorKind::kLast;
};

// A member with its error, the mean over its done repeats in percent.
struct RankedMember {
  double error = 0;
  int64_t repeats = 0;
  Draw draw;  // its place in `from`
};

struct BestSummary {
  std::vector<RankedMember> members;  // by error, then index
  StoreSummary stored;
};

// Chooses and adds in one transaction, with the overrides and names the members have. Members
// without a done run (diverged, failed, not trained yet) do not count. Throws Error for unknown
// names, several series to choose from (it lists them), fewer members than asked for, and a chosen
// member that was imported without its network.
BestSummary AddBest(Database& db, const std::string& population, const BestRequest& request);

}  // namespace dse
