#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "core/draw.h"
#include "db/plan.h"
#include "db/sqlite/sqlite.h"

namespace dse {

// The numbers that share the runs of a plan among shards: a run's part of N is its number mod N.
//
// It is the lowest row id of all members of the study's file that want this run, in whatever
// population: the same network, learning rate and weight decay; plus kSeedStep for each seed. It
// depends on the run and the plan's recipe alone: a member keeps its row id and later ones have
// higher ids, so no run changes its part when a plan grows. Members of a population have ids one
// after the other, which shares them evenly. A run's ordinal in the plan would move with what comes
// before it.
class ShardNumbers {
 public:
  // Where there are more parts than networks, the repeats of one shall lie between, not upon, the
  // next ones. Of 1,200 primes this one does best with 1 to 24 networks, 2 to 5 repeats and parts
  // up to the number of runs: the fullest has 1.19 times its share in the mean, 3 times at worst;
  // with 1 it would be 1.47 and 5 times.
  static constexpr uint64_t kSeedStep = 85133;

  // Both must outlive this. Within a transaction of the study's file.
  ShardNumbers(sqlite::Connection& file, const WantedRuns& wanted);

  // Of one of the wanted runs.
  uint64_t Of(const WantedRun& run);

 private:
  const Overrides& ValuesOf(const RecipeRow& recipe);

  std::unordered_map<std::string, Overrides> values_;  // by hash of recipe, both of them there
  Overrides base_;                                     // of the plan's recipe
  sqlite::Statement first_;
};

}  // namespace dse
