#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
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

// Counts by cell.
using Histogram = std::map<int64_t, int64_t>;

struct TwoSampleChiSquare {
  double statistic = 0;
  size_t cells = 0;
  bool Passes() const { return cells < 2 || statistic < ChiSquareBound(cells); }
};

// Pearson's statistic of two samples of one unknown law: with sizes n and m the sum over cells of
// (sqrt(m/n)*a - sqrt(n/m)*b)^2 / (a + b), cells-1 degrees of freedom. Cells that hold fewer than
// ten of both samples are joined.
inline TwoSampleChiSquare CompareSamples(const Histogram& first, const Histogram& second) {
  std::map<int64_t, std::pair<double, double>> cells;
  double n = 0;
  double m = 0;
  for (const auto& [cell, count] : first) {
    cells[cell].first += static_cast<double>(count);
    n += static_cast<double>(count);
  }
  for (const auto& [cell, count] : second) {
    cells[cell].second += static_cast<double>(count);
    m += static_cast<double>(count);
  }
  TwoSampleChiSquare result;
  const auto add = [&](double a, double b) {
    const double excess = std::sqrt(m / n) * a - std::sqrt(n / m) * b;
    result.statistic += excess * excess / (a + b);
    ++result.cells;
  };
  std::pair<double, double> rare;
  for (const auto& [cell, counts] : cells) {
    if (counts.first + counts.second >= 10) {
      add(counts.first, counts.second);
    } else {
      rare.first += counts.first;
      rare.second += counts.second;
    }
  }
  if (rare.first + rare.second > 0) add(rare.first, rare.second);
  return result;
}

}  // namespace dse
