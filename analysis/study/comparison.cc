#include "analysis/study/comparison.h"

#include <utility>

namespace dse {

Comparison Flipped(const Comparison& comparison) {
  const auto negative = [](const Interval& interval) {
    return Interval{-interval.point, -interval.high, -interval.low, interval.level};
  };
  Comparison flipped = comparison;
  std::swap(flipped.a, flipped.b);
  flipped.mean_difference = negative(comparison.mean_difference);
  for (QuantileDifference& quantile : flipped.quantiles) {
    quantile.difference = negative(quantile.difference);
  }
  return flipped;
}

}  // namespace dse
