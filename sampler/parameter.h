#pragma once

#include <span>

#include "core/json.h"
#include "core/model.h"

namespace dse {

// What a space draws. Depth to expansion belong to the stages (one draw each, or one for all where
// the space shares it); a RegNet space draws depth, w0, wa, wm and the rest of its block's
// parameters once; lr and weight decay belong to the member.
enum class Parameter {
  kDepth,
  kWidth,
  kBottleneck,
  kGroupWidth,
  kKernel,
  kExpansion,
  kW0,
  kWa,
  kWm,
  kLr,
  kWeightDecay
};
inline constexpr int kParameterCount = 11;
inline constexpr int kStageParameterCount = 6;  // the first six

// Their names in documents, in the order of the enum.
extern const std::span<const Word<Parameter>> kParameterWords;
const char* NameOf(Parameter parameter);
// Those of a stage alone: depth, width, bottleneck, group_width, kernel, expansion.
extern const std::span<const Word<Parameter>> kStageParameterWords;

// Which numbers a parameter may take.
enum class Grain {
  kReal,
  kWhole,
  kOdd,    // an odd whole number
  kRatio,  // a whole number or one over a whole number
};
struct ParameterRange {
  double low = 0;
  double high = 0;
  Grain grain = Grain::kReal;
};
const ParameterRange& RangeOf(Parameter parameter);

// Whether a network of such blocks has the parameter: no bottleneck in V, no kernel in X.
bool BlockHas(BlockType block, Parameter parameter);

}  // namespace dse
