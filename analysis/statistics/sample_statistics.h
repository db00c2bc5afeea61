#pragma once

#include <span>
#include <vector>

namespace dse {

// Plain statistics of a sample. All of them throw Error for a sample that is too small, never
// answer 0 for it, and leave their input as it is.

double Mean(std::span<const double> values);  // at least one value

// The middle value, or the mean of the two middle ones.
double Median(std::span<const double> values);

// Standard deviation of a sample (divided by n - 1); at least two values.
double SampleSd(std::span<const double> values);

// Sums of weights that should be equal differ by rounding: a level is reached within this.
inline constexpr double kWeightTolerance = 1e-12;

// The smallest value whose cumulative weight reaches q, 0 < q <= 1, every value weighing the same.
double Quantile(std::span<const double> values, double q);

// The same for each q of `quantiles`, value i weighing weights[i] >= 0; the weights sum to 1.
std::vector<double> WeightedQuantiles(std::span<const double> values,
                                      std::span<const double> weights,
                                      std::span<const double> quantiles);

}  // namespace dse
