#include "analysis/statistics/normalized_edf.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "core/error.h"

namespace dse {

std::vector<double> NormalizedWeights(std::span<const double> complexities, double pooled_low,
                                      double pooled_high) {
  if (complexities.empty()) throw Error("no models have no weights by complexity");
  std::array<double, kComplexityBins> counts{};
  std::vector<size_t> bins;
  for (double complexity : complexities) {
    if (!(complexity >= pooled_low && complexity <= pooled_high) || !std::isfinite(pooled_low) ||
        !std::isfinite(pooled_high)) {
      throw Error("a model's complexity lies outside the range pooled over all series");
    }
    // In halves, so that no difference overflows.
    const double width = pooled_high / 2 - pooled_low / 2;
    const double place =
        width > 0 ? (complexity / 2 - pooled_low / 2) / width * kComplexityBins : 0;
    bins.push_back(std::min(static_cast<size_t>(place), counts.size() - 1));
    ++counts[bins.back()];
  }
  const auto filled = static_cast<double>(
      std::count_if(counts.begin(), counts.end(), [](double count) { return count > 0; }));
  std::vector<double> weights;
  for (size_t bin : bins) weights.push_back(1 / (filled * counts[bin]));
  return weights;
}

Edf MakeWeightedEdf(std::span<const double> errors, std::span<const double> weights) {
  constexpr double kSumTolerance = 1e-9;
  Edf edf = MakeEdf(errors);
  if (weights.size() != errors.size()) {
    throw Error("a weighted error distribution needs one weight for each error");
  }
  if (std::any_of(weights.begin(), weights.end(), [](double weight) { return !(weight >= 0); })) {
    throw Error("a weight in an error distribution must not be negative");
  }
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  if (!(std::fabs(sum - 1) <= kSumTolerance)) {
    throw Error("the weights of an error distribution must sum to 1");
  }
  for (EdfPoint& point : edf.points) point.f = 0;
  for (size_t i = 0; i < errors.size(); ++i) {
    const auto point = std::lower_bound(
        edf.points.begin(), edf.points.end(), errors[i],
        [](const EdfPoint& candidate, double error) { return candidate.error < error; });
    point->f += weights[i];
  }
  double below = 0;
  for (EdfPoint& point : edf.points) point.f = below = std::min(1.0, below + point.f);
  edf.points.back().f = 1;
  return edf;
}

}  // namespace dse
