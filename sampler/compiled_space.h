#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/model.h"
#include "sampler/constraint.h"
#include "sampler/distribution.h"
#include "sampler/space.h"
#include "sampler/space_spec.h"
#include "sampler/word_table.h"

namespace dse {

// One parameter, ready to be drawn.
struct DrawnParameter {
  Distribution distribution;
  std::optional<WordTable> table;  // absent where the distribution is continuous
  // The words of a candidate's stream that draw it, by stage: one word, or two from here on for a
  // continuous distribution. A fixed value takes none and looks at word 0.
  std::array<int, kMaxStages> word{};
};

// A space as tables. Words of a candidate's stream are dealt out in a fixed order, so every
// parameter has its own: parameters shared by all stages first, then stage by stage, each in the
// order of the enum, then lr and weight decay.
struct Space::Compiled {
  bool regnet = false;
  Frame frame;
  int stage_count = 0;
  std::array<int, kMaxStages> strides{};
  std::array<std::optional<DrawnParameter>, kParameterCount> parameters;
  // Words needed for stages 0..i (RegNet: for all in [0]), and for everything.
  std::array<int, kMaxStages> words_for_stage{};
  int words = 1;

  std::vector<Constraint> orders;
  std::vector<Constraint> depth_bounds;
  std::vector<Constraint> complexity_bounds;

  // AnyNet: the compatible stage of every (width, bottleneck, group width), in that order of
  // indices; width 0 marks one that no network may have. Empty where there are too many.
  std::vector<Stage> compatible;
  size_t bottlenecks = 1;
  size_t group_widths = 1;

  const DrawnParameter* Find(Parameter parameter) const {
    const auto& found = parameters[static_cast<size_t>(parameter)];
    return found ? &*found : nullptr;
  }
};

// More words than any space draws.
inline constexpr int kMaxWords = 48;

// MakeCompatible, with width 0 for a stage outside the bounds of core/model.h.
Stage CompatibleOrNone(BlockType block, const Stage& stage);

// Builds the tables. Throws Error (starting with `where`) for a space whose networks could be too
// large to count.
Space::Compiled CompileSpace(const SpaceSpec& spec, const std::string& where);

}  // namespace dse
