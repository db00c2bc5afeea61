#pragma once

#include <cstdint>
#include <vector>

#include "db/database.h"

namespace dse {

// How long a finished run took, with the size of its network.
struct RunTime {
  int64_t flops = 0;
  double seconds = 0;
};

// What is known of a run's length before it is trained.
struct SeriesTimes {
  int64_t flops = 0;              // of its network
  int64_t epochs = 0;             // of its recipe, 0 if it does not say
  std::vector<RunTime> finished;  // the five done runs of its series nearest in size
};
SeriesTimes TimesLike(Database& db, int64_t run_id);

}  // namespace dse
