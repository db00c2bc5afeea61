#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/complexity.h"
#include "core/json.h"
#include "core/model.h"

namespace dse {

// The learning rates (per 128 images) and weight decays that networks can be trained with, wherever
// they come from: spaces, recipes, members, imported files.
inline constexpr double kMinLr = 1e-9;
inline constexpr double kMaxLr = 1000;
inline constexpr double kMaxWeightDecay = 1;  // from 0

// A member's own values of the recipe, where its space draws them.
struct Overrides {
  std::optional<double> lr;  // per 128 images
  std::optional<double> weight_decay;
  bool empty() const { return !lr && !weight_decay; }
  friend bool operator==(const Overrides&, const Overrides&) = default;
};

// Appends {"lr":0.1,"weight_decay":5e-05} to `text`, absent ones left out.
void AppendOverrides(const Overrides& overrides, std::string& text);
// The same as a document.
Json OverridesToJson(const Overrides& overrides);
// Throws Error for values outside their bounds.
Overrides ParseOverrides(const Json& json, const std::string& where);

// A member as it comes out of a space.
struct Draw {
  int64_t index = 0;      // place in the population, from 0
  int64_t candidate = 0;  // number of the draw that made it; rejected ones count
  Model model;
  std::string hash;  // ModelHash(model)
  Complexity complexity;
  Overrides overrides;
};

}  // namespace dse
