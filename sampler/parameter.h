#pragma once

#include <span>

#include "core/json.h"

namespace dse {

// What a space draws. Depth to group width belong to the stages (one draw each, or one for all
// where the space shares it); a RegNet space draws depth, w0, wa, wm, bottleneck and group width
// once; lr and weight decay belong to the member.
enum class Parameter { kDepth, kWidth, kBottleneck, kGroupWidth, kW0, kWa, kWm, kLr, kWeightDecay };
inline constexpr int kParameterCount = 9;
inline constexpr int kStageParameterCount = 4;  // the first four

// Their names in documents, in the order of the enum.
extern const std::span<const Word<Parameter>> kParameterWords;
// Those of a stage alone: depth, width, bottleneck, group_width.
extern const std::span<const Word<Parameter>> kStageParameterWords;

// Which numbers a parameter may take.
enum class Grain {
  kReal,
  kWhole,
  kRatio,  // a whole number or one over a whole number
};
struct ParameterRange {
  double low = 0;
  double high = 0;
  Grain grain = Grain::kReal;
};
const ParameterRange& RangeOf(Parameter parameter);

}  // namespace dse
