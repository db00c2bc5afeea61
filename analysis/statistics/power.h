#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "analysis/statistics/interval.h"

namespace dse {

// How many models it takes to tell two spaces apart: the power of the two-sided Kolmogorov-Smirnov
// test at 5% when n models of each are trained, were the two error distributions the ones seen.
struct PowerPoint {
  int64_t models = 0;  // of each space
  Interval power;      // share of draws in which the test rejects; Clopper-Pearson interval
};

struct PowerCurve {
  std::vector<PowerPoint> points;  // n ascending
  // The smallest n at which the power reaches 80%, on straight lines in log n between the points.
  // The first n of the ladder where the power is that high already there; empty where it never is.
  std::optional<int64_t> models_for_80;
};

inline constexpr int kPowerDraws = 1000;

// At each n of the ladder 5, 7, 10, 14, 20, ... (5 * 2^(i/2), rounded) up to the larger of 1,000
// and the two samples, but at most 20,000, kPowerDraws times, n errors are drawn with replacement
// from each sample. The ladder ends early with the first power of 99%. The draws of one n go on
// from those of the n before it, so neighbouring points scatter together.
//
// The test rejects where n D reaches PowerCriticalValue(n). That is exact for errors without ties;
// with ties, which drawing with replacement makes, the test rejects less often than 5% of equal
// spaces and is conservative. What is by chance different between the two samples counts as a
// difference between the spaces; at n beyond their sizes that makes up much of the power.
//
// Equal (a, b, seed, purpose) give equal curves. Throws Error for an empty sample or an error that
// is not finite.
PowerCurve ComparisonPower(std::span<const double> a, std::span<const double> b, uint64_t seed,
                           std::string_view purpose);

// The smallest c with P(n D >= c) <= 5% for two samples of n errors from one continuous
// distribution (Gnedenko and Korolyuk 1951): P = 2 sum_{k>=1} (-1)^(k+1) C(2n, n - k c) / C(2n, n).
// n >= 4, below which no c is that rare.
int64_t PowerCriticalValue(int64_t n);

}  // namespace dse
