#pragma once

#include <array>
#include <span>
#include <vector>

#include "analysis/statistics/interval.h"

namespace dse {

// The quantiles at which two series are compared, in percent.
inline constexpr std::array<int, 7> kComparedPercents = {5, 10, 25, 50, 75, 90, 95};

// The law of a quantile of a bootstrap resample: n errors drawn with replacement from the n of a
// series. With r = ceil(n q) and the errors sorted, the quantile is at most x_(i) when at least r
// of the n draws are: P(Bin(n, i/n) >= r). Nothing is drawn.
struct QuantileLaw {
  double q = 0;
  double point = 0;                // the quantile of the series itself
  double mean = 0;                 // of the resampled quantile
  double sd = 0;                   // likewise: the bootstrap's standard error
  std::vector<double> values;      // distinct errors, ascending; those below 1e-14 in all left out
  std::vector<double> weights;     // of each; they sum to 1
  std::vector<double> cumulative;  // up to and with each; the last is 1
};
using QuantileLaws = std::vector<QuantileLaw>;  // one for each of kComparedPercents

// Once for a series, however many it is compared with. Work is n log n for the sorting and about
// 100 sqrt(n) steps for the laws. Throws Error for no errors or one that is not finite.
QuantileLaws LawsOf(std::span<const double> errors);

// How far a quantile of the errors of one series lies above that of another.
struct QuantileDifference {
  double q = 0;
  Interval difference;  // of a minus of b
};

// The difference at each of kComparedPercents with its 95% percentile interval, that of the
// bootstrap with infinitely many resamples: the quantiles 2.5% and 97.5% of the difference of two
// independent laws, a quantile being the smallest value whose cumulative weight reaches it.
std::vector<QuantileDifference> CompareQuantiles(const QuantileLaws& a, const QuantileLaws& b);
std::vector<QuantileDifference> CompareQuantiles(std::span<const double> a,
                                                 std::span<const double> b);

}  // namespace dse
