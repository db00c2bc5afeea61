#include "analysis/comparison.h"

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "core/rng.h"

namespace dse {
namespace {

constexpr size_t kResamples = 10'000;
constexpr size_t kLeastResamples = 1'000;
constexpr size_t kDraws = 20'000'000;  // values drawn for one sample, about

}  // namespace

std::vector<double> HolmAdjust(std::span<const double> p_values) {
  std::vector<size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [p_values](size_t a, size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> adjusted(p_values.size());
  double largest = 0;
  for (size_t k = 0; k < order.size(); ++k) {
    const double factor = static_cast<double>(order.size() - k);
    largest = std::max(largest, std::min(1.0, factor * p_values[order[k]]));
    adjusted[order[k]] = largest;
  }
  return adjusted;
}

std::vector<double> BootstrapMeans(std::span<const double> values, uint64_t seed,
                                   std::string_view purpose) {
  const size_t n = values.size();
  if (n == 0) throw Error("the mean of an empty sample is not defined");
  const size_t resamples = std::clamp(kDraws / n, kLeastResamples, kResamples);
  const uint64_t key = StreamKey(seed, std::string("bootstrap ") + std::string(purpose));
  std::vector<double> means(resamples);
  for (size_t r = 0; r < resamples; ++r) {
    RandomStream random(key, r);
    double sum = 0;
    for (size_t i = 0; i < n; ++i) sum += values[random.Below(n)];
    means[r] = sum / static_cast<double>(n);
  }
  return means;
}

Interval MeanDifference(std::span<const double> a, std::span<const double> b,
                        std::span<const double> means_a, std::span<const double> means_b) {
  constexpr double kLevel = 0.95;
  constexpr double kQuantiles[] = {(1 - kLevel) / 2, 1 - (1 - kLevel) / 2};
  std::vector<double> differences(std::min(means_a.size(), means_b.size()));
  for (size_t r = 0; r < differences.size(); ++r) differences[r] = means_a[r] - means_b[r];
  const std::vector<double> weights(differences.size(),
                                    1.0 / static_cast<double>(differences.size()));
  const std::vector<double> limits = WeightedQuantiles(differences, weights, kQuantiles);
  return {.point = Mean(a) - Mean(b), .low = limits[0], .high = limits[1], .level = kLevel};
}

Interval MeanDifference(std::span<const double> a, std::span<const double> b, uint64_t seed) {
  return MeanDifference(a, b, BootstrapMeans(a, seed, "a"), BootstrapMeans(b, seed, "b"));
}

}  // namespace dse
