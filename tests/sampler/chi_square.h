#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace dse {

// Pearson's statistic of counts against exact probabilities.
inline double ChiSquare(const std::vector<int64_t>& counts,
                        const std::vector<double>& probabilities) {
  double total = 0;
  for (const int64_t count : counts) total += static_cast<double>(count);
  double statistic = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    const double expected = total * probabilities[i];
    const double excess = static_cast<double>(counts[i]) - expected;
    statistic += excess * excess / expected;
  }
  return statistic;
}

// A bound that a right law exceeds with probability about 3e-5 (Wilson and Hilferty's approximation
// at four standard deviations). Seeds are fixed, so a test that passes keeps passing.
inline double ChiSquareBound(size_t cells) {
  const double degrees = static_cast<double>(cells) - 1;
  const double spread = 2 / (9 * degrees);
  return degrees * std::pow(1 - spread + 4 * std::sqrt(spread), 3);
}

}  // namespace dse
