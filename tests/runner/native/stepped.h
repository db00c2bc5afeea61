#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/model.h"
#include "runner/training/engine_network.h"
#include "runner/training/recipe.h"

namespace dse {

// A network of the native engine and noise to train it on.
struct SteppedCase {
  Model model;
  Recipe recipe;
  Division division{};
  int threads = 1;
  int images = 13;
  int steps = 3;
};

// What a network holds after the steps and a test, and what it, and another that is only tested,
// said: everything that could differ.
struct SteppedBytes {
  std::vector<double> losses;
  std::vector<int64_t> wrong;
  std::vector<std::string> tensors;  // by name: its bytes, hashed
  friend bool operator==(const SteppedBytes&, const SteppedBytes&) = default;
};
SteppedBytes Step(const SteppedCase& c);

// Everything that acts in a step.
Recipe RichRecipe();

}  // namespace dse
