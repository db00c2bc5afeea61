#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/draw.h"
#include "core/json.h"

namespace dse {

inline constexpr int kReferenceBatch = 128;  // lr is per so many images

// What a recipe with these values of a member comes to in pycls, and the recipe's keys that pycls
// has no word for. `recipe` is a recipe's document with every key, or {} where it is not known;
// then only lr and weight decay are told, at 128 images a step.
struct PyclsTraining {
  Json config;
  std::vector<std::string> left_out;
};
PyclsTraining PyclsTrainingOf(const Json& recipe, const Overrides& effective);

}  // namespace dse
