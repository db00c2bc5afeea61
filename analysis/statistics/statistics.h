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

// The smallest value whose cumulative weight reaches q, 0 < q <= 1, every value weighing the same.
double Quantile(std::span<const double> values, double q);

// The same for each q of `quantiles`, value i weighing weights[i] >= 0; the weights sum to 1.
std::vector<double> WeightedQuantiles(std::span<const double> values,
                                      std::span<const double> weights,
                                      std::span<const double> quantiles);

// An estimate with its confidence limits.
struct Interval {
  double point = 0;
  double low = 0;
  double high = 0;
  double level = 0.95;
  friend bool operator==(const Interval&, const Interval&) = default;
};

}  // namespace dse
