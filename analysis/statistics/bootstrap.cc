#include "analysis/statistics/bootstrap.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>

#include "analysis/statistics/index_draws.h"
#include "analysis/statistics/sample_statistics.h"
#include "core/error.h"
#include "core/rng.h"

namespace dse {
namespace {

constexpr size_t kResamples = 10'000;
constexpr size_t kLeastResamples = 1'000;
constexpr size_t kDraws = 5'000'000;  // values drawn for one sample, about

// The sum of as many values as there are, drawn with replacement. Four sums run side by side, since
// one addition has to wait for the one before it.
double ResampledSum(std::span<const double> values, IndexDraws& draws) {
  std::array<uint32_t, 1024> places;
  std::array<double, 4> sums{};
  for (size_t left = values.size(); left > 0;) {
    const size_t count = std::min(left, places.size());
    draws.Fill(std::span(places).first(count));
    size_t i = 0;
    for (; i + 4 <= count; i += 4) {
      for (size_t lane = 0; lane < 4; ++lane) sums[lane] += values[places[i + lane]];
    }
    for (; i < count; ++i) sums[0] += values[places[i]];
    left -= count;
  }
  return sums[0] + sums[1] + (sums[2] + sums[3]);
}

// A point with the limits between which 95% of the resamples lie.
Interval PercentileInterval(double point, std::vector<double> resamples) {
  constexpr double kLevel = 0.95;
  if (resamples.empty()) throw Error("an interval of a bootstrap needs resamples");
  // The smallest resample whose cumulative weight reaches q has rank ceil(q count).
  const auto place_of = [&resamples](double q) {
    const double rank = std::ceil(static_cast<double>(resamples.size()) * (q - kWeightTolerance));
    return resamples.begin() + static_cast<std::ptrdiff_t>(std::max(1.0, rank)) - 1;
  };
  const auto low = place_of((1 - kLevel) / 2);
  const auto high = place_of(1 - (1 - kLevel) / 2);
  Interval interval{.point = point, .low = 0, .high = 0, .level = kLevel};
  std::nth_element(resamples.begin(), low, resamples.end());
  interval.low = *low;
  std::nth_element(low, high, resamples.end());
  interval.high = *high;
  return interval;
}

}  // namespace

std::vector<double> BootstrapMeans(std::span<const double> values, uint64_t seed,
                                   std::string_view purpose) {
  const size_t n = values.size();
  if (n == 0) throw Error("the mean of an empty sample is not defined");
  if (n > std::numeric_limits<uint32_t>::max()) throw Error("a sample is too large to resample");
  const size_t resamples = std::clamp(kDraws / n, kLeastResamples, kResamples);
  IndexDraws draws(StreamKey(seed, std::string("bootstrap ") + std::string(purpose)), 0,
                   static_cast<uint32_t>(n));
  // Distances from the first value are what is added up: equal values keep their mean exactly.
  std::vector<double> distances;
  for (double value : values) distances.push_back(value - values[0]);
  std::vector<double> means(resamples);
  for (double& mean : means) {
    mean = values[0] + ResampledSum(distances, draws) / static_cast<double>(n);
  }
  return means;
}

Interval MeanInterval(std::span<const double> values, std::span<const double> means) {
  return PercentileInterval(Mean(values), std::vector<double>(means.begin(), means.end()));
}

Interval MeanDifference(std::span<const double> a, std::span<const double> b,
                        std::span<const double> means_a, std::span<const double> means_b) {
  std::vector<double> differences(std::min(means_a.size(), means_b.size()));
  for (size_t r = 0; r < differences.size(); ++r) differences[r] = means_a[r] - means_b[r];
  return PercentileInterval(Mean(a) - Mean(b), std::move(differences));
}

Interval MeanDifference(std::span<const double> a, std::span<const double> b, uint64_t seed) {
  return MeanDifference(a, b, BootstrapMeans(a, seed, "a"), BootstrapMeans(b, seed, "b"));
}

}  // namespace dse
