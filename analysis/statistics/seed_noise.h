#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "analysis/statistics/interval.h"

namespace dse {

// How much of the spread of errors is the luck of the seed. One-way random effects: the error of a
// run is its model's true mean error plus noise of the same variance for every model.
struct SeedNoise {
  int64_t models = 0;  // with at least two repeats; only these enter
  int64_t runs = 0;    // of these models
  // Standard deviation of repeats, pooled over the models: sqrt(MSW), with its chi-square interval
  // on runs - models degrees of freedom.
  Interval within_sd;
  // Standard deviation of the models' true means: sqrt(max(0, (MSB - MSW) / n0)), n0 = (runs - sum
  // n_i^2 / runs) / (models - 1). Needs two models with repeats; empty with one.
  std::optional<double> between_sd;
};

// From the errors of each model's runs, at any number of runs each. Empty where no model has two
// runs. Throws Error for an error that is not finite.
std::optional<SeedNoise> EstimateSeedNoise(std::span<const std::vector<double>> repeats_by_model,
                                           double level = 0.95);

}  // namespace dse
