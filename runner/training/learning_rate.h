#pragma once

#include "runner/training/recipe.h"

namespace dse {

// Learning rate of epoch t = 0 .. epochs-1 as applied: lr * batch/128 * (1 + cos(pi t / T)) / 2,
// times 0.1 (1 - t/W) + t/W in the warm-up (with warmup_factor 0.1).
double LearningRate(const Recipe& recipe, int epoch);

}  // namespace dse
