#pragma once

#include "runner/training/recipe.h"

namespace dse {

// Epochs of batches of 32 toy images as they are, in no time.
inline Recipe ShortRecipe(int epochs) {
  Recipe recipe;
  recipe.epochs = epochs;
  recipe.batch_size = 32;
  recipe.augment = Augment::kNone;
  recipe.precise_bn_images = 64;
  return recipe;
}

}  // namespace dse
