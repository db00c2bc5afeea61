#pragma once

#include <cstdint>
#include <vector>

#include "analysis/statistics/best_value.h"
#include "analysis/study/condition.h"
#include "core/result.h"

namespace dse {

// What is asked of a study.
struct StudyOptions {
  ErrorKind error = ErrorKind::kLast;
  BandMethod method = BandMethod::kExact;
  uint64_t seed = 0;                  // of every draw: Monte-Carlo, bootstrap, power
  bool exclude_diverged = false;      // else a diverged member counts with 100% error
  std::vector<Condition> conditions;  // only members that meet all of them
};

}  // namespace dse
