#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "core/complexity.h"
#include "core/json.h"
#include "core/model.h"
#include "sampler/parameter.h"

namespace dse {

enum class ConstraintKind {
  kShared,         // `parameter` is drawn once for all stages
  kEqual,          // the stages' values of `parameter` are equal,
  kNonDecreasing,  // ... or never fall from stage to stage,
  kNonIncreasing,  // ... or never rise
  kTotalDepth,     // low <= blocks in all <= high
  kParamsAtMost,   // params <= 1e6 * (m + m_per_gf*F + m_per_sqrt_gf*sqrt(F)), F = flops / 1e9
  kActsAtMost,     // the same for acts
};

// One condition on a space's networks. All but kShared are tested on the resolved network.
struct Constraint {
  ConstraintKind kind = ConstraintKind::kShared;
  Parameter parameter = Parameter::kWidth;  // kShared: of a stage; the three orders: width or depth
  int64_t low = 0;
  int64_t high = 0;
  double m = 0;
  double m_per_gf = 0;
  double m_per_sqrt_gf = 0;
  friend bool operator==(const Constraint&, const Constraint&) = default;
};

// Reads {"non_decreasing": "width"} and its like. Throws Error that starts with `where`.
Constraint ParseConstraint(const Json& json, const std::string& where);
Json ConstraintToJson(const Constraint& constraint);

// Whether two neighbouring stages keep an order; true for the other kinds.
bool KeepsOrder(const Constraint& constraint, const Stage& before, const Stage& after);
// Whether the depth of the network keeps its bounds; true for the other kinds.
bool KeepsDepth(const Constraint& constraint, int64_t total_depth);
// Whether params and acts keep their bounds; true for the other kinds.
bool KeepsBound(const Constraint& constraint, const Complexity& complexity);

}  // namespace dse
