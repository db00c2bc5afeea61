#include "analysis/statistics/proportion.h"

#include "analysis/statistics/distribution_quantiles.h"
#include "core/error.h"

namespace dse {

Interval ClopperPearson(int64_t k, int64_t n, double level) {
  if (n <= 0 || k < 0 || k > n) {
    throw Error("a proportion needs at least one trial and no more successes than trials");
  }
  const double tail = (1 - level) / 2;
  const double successes = static_cast<double>(k);
  const double failures = static_cast<double>(n - k);
  return {.point = successes / static_cast<double>(n),
          .low = k == 0 ? 0 : BetaQuantile(successes, failures + 1, tail),
          .high = k == n ? 1 : BetaQuantile(successes + 1, failures, 1 - tail),
          .level = level};
}

}  // namespace dse
