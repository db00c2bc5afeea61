#pragma once

#include "runner/training/division.h"
#include "runner/training/parameter_plan.h"
#include "runner/training/recipe.h"

namespace dse {

// What one step changes, whatever computes it. For gradient g, weight w, rate lr and decay d:
//   sgd      g += d w; m = momentum m + g; w -= lr (nesterov ? g + momentum m : m)
//   rmsprop  g += d w; v = 0.9 v + 0.1 g^2; m = momentum m + g / (sqrt(v) + 0.001); w -= lr m
//            (the decay of averages and the epsilon are EfficientNet's; Tan and Le, 2019)
//   adamw    w -= lr d w; m = 0.9 m + 0.1 g; v = 0.999 v + 0.001 g^2;
//            w -= lr (m / (1 - 0.9^t)) / (sqrt(v / (1 - 0.999^t)) + 1e-8)
// All averages start at 0.
inline constexpr double kRmspropDecay = 0.9;
inline constexpr double kRmspropEpsilon = 1e-3;
inline constexpr double kAdamMomentum = 0.9;
inline constexpr double kAdamDecay = 0.999;
inline constexpr double kAdamEpsilon = 1e-8;

// The decay of a parameter: that of norms and biases is the recipe's own where it is set.
double WeightDecay(ParameterKind kind, const Recipe& recipe);

// The share of a batch's statistics in the running ones.
inline constexpr double kNormMomentum = 0.1;
// The same of part `micro_batch` (from 0) of a replica's: with these, a batch moves the running
// statistics as one batch with the parts' mean statistics would: m_i = (m/k) / (1 - m (k - i) / k)
// for part i of k, from 1.
double PartMomentum(const Division& division, int micro_batch);

}  // namespace dse
