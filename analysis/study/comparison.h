#pragma once

#include <string>
#include <vector>

#include "analysis/statistics/interval.h"
#include "analysis/statistics/kolmogorov_smirnov.h"
#include "analysis/statistics/quantile_difference.h"

namespace dse {

// The level at which a test says that two series differ.
inline constexpr double kSignificance = 0.05;

// Two series set side by side.
struct Comparison {
  std::string a;
  std::string b;
  double ks = 0;          // Kolmogorov-Smirnov statistic
  double p_value = 1;     // that both come from one distribution
  double p_adjusted = 1;  // Holm, over all comparisons made together
  KsMethod method = KsMethod::kExact;
  Interval mean_difference;  // mean of a - mean of b, percentile interval of a bootstrap
  std::vector<QuantileDifference> quantiles = {};  // a - b at kComparedPercents
};

// The same comparison seen from b: differences change their sign.
Comparison Flipped(const Comparison& comparison);

}  // namespace dse
