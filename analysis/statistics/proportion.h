#pragma once

#include <cstdint>

#include "analysis/statistics/interval.h"

namespace dse {

// The exact interval of Clopper and Pearson (1934) for a proportion seen k times in n trials,
// 0 <= k <= n, n > 0.
Interval ClopperPearson(int64_t k, int64_t n, double level = 0.95);

}  // namespace dse
