#include "runner/training/learning_rate.h"

#include <cmath>
#include <numbers>

namespace dse {

double LearningRate(const Recipe& recipe, int epoch) {
  double lr = recipe.lr * recipe.batch_size / 128;
  if (recipe.schedule == Schedule::kCosine) {
    lr *= (1 + std::cos(std::numbers::pi * epoch / recipe.epochs)) / 2;
  }
  if (epoch < recipe.warmup_epochs) {
    const double progress = epoch / recipe.warmup_epochs;
    lr *= recipe.warmup_factor * (1 - progress) + progress;
  }
  return lr;
}

}  // namespace dse
