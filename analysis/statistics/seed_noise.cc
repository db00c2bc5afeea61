#include "analysis/statistics/seed_noise.h"

#include <algorithm>
#include <cmath>

#include "analysis/statistics/distribution_quantiles.h"
#include "analysis/statistics/sample_statistics.h"
#include "core/error.h"

namespace dse {

std::optional<SeedNoise> EstimateSeedNoise(std::span<const std::vector<double>> repeats_by_model,
                                           double level) {
  SeedNoise noise;
  double squares_within = 0;
  double sum = 0;               // of all errors
  double sum_squared_runs = 0;  // of n_i^2
  std::vector<double> means;
  std::vector<double> sizes;
  for (const std::vector<double>& errors : repeats_by_model) {
    for (double error : errors) {
      if (!std::isfinite(error)) throw Error("an error of a repeat must be a finite number");
    }
    if (errors.size() < 2) continue;
    const double mean = Mean(errors);
    for (double error : errors) squares_within += (error - mean) * (error - mean);
    const auto runs = static_cast<double>(errors.size());
    sum += mean * runs;
    sum_squared_runs += runs * runs;
    means.push_back(mean);
    sizes.push_back(runs);
    noise.runs += static_cast<int64_t>(errors.size());
  }
  if (means.empty()) return {};
  noise.models = static_cast<int64_t>(means.size());
  const auto runs = static_cast<double>(noise.runs);
  const auto models = static_cast<double>(noise.models);
  const double degrees = runs - models;
  const double within = squares_within / degrees;
  const double tail = (1 - level) / 2;
  noise.within_sd = {.point = std::sqrt(within),
                     .low = std::sqrt(squares_within / ChiSquareQuantile(1 - tail, degrees)),
                     .high = std::sqrt(squares_within / ChiSquareQuantile(tail, degrees)),
                     .level = level};
  if (noise.models < 2) return noise;
  double squares_between = 0;
  for (size_t i = 0; i < means.size(); ++i) {
    squares_between += sizes[i] * (means[i] - sum / runs) * (means[i] - sum / runs);
  }
  const double runs_each = (runs - sum_squared_runs / runs) / (models - 1);
  const double between = (squares_between / (models - 1) - within) / runs_each;
  noise.between_sd = std::sqrt(std::max(0.0, between));
  return noise;
}

}  // namespace dse
