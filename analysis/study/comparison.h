#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/statistics/kolmogorov_smirnov.h"
#include "analysis/statistics/quantile_difference.h"
#include "analysis/statistics/statistics.h"

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

// What a comparison says, in one line without a full stop, for a reader who has to choose: "A
// against B: mean error -2.10 [-2.60, -1.70], better at every quantile, KS 0.31, p < 1e-6 (exact,
// Holm over 15 comparisons)". Lower errors are better, so a is better where its difference is below
// 0. Quantiles are called better or worse only where the adjusted test
// tells the two apart (kSignificance), each where its own interval leaves 0 out, unadjusted; where
// the test does not, the line ends by saying so. `made_together` is how many comparisons p_adjusted
// accounts for.
std::string ComparisonSentence(const Comparison& comparison, size_t made_together);

// Holm's step-down adjustment (1979): in the order of the input, never below the p-value itself.
std::vector<double> HolmAdjust(std::span<const double> p_values);

// Means of resamples of `values` of the same size, drawn with replacement: 10,000 of them up to 500
// values, above that 5,000,000 divided by the values, but at least 1,000. Equal for equal (values,
// seed, purpose); other purposes give independent streams. Throws Error for no values.
std::vector<double> BootstrapMeans(std::span<const double> values, uint64_t seed,
                                   std::string_view purpose);

// The mean with its 95% percentile interval; `means` are bootstrap means of the values.
Interval MeanInterval(std::span<const double> values, std::span<const double> means);

// mean(a) - mean(b) with its 95% percentile interval; `means_*` are bootstrap means of each, made
// with different purposes. Where one has more of them than the other, the surplus is not used.
Interval MeanDifference(std::span<const double> a, std::span<const double> b,
                        std::span<const double> means_a, std::span<const double> means_b);
Interval MeanDifference(std::span<const double> a, std::span<const double> b, uint64_t seed);

}  // namespace dse
