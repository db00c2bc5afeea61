#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/complexity.h"
#include "core/model.h"
#include "core/units.h"
#include "sampler/constraint.h"
#include "sampler/distribution.h"
#include "sampler/parameter.h"
#include "sampler/space_spec.h"
#include "sampler/word_table.h"

namespace dse {

// A distribution ready to be drawn; `table` is absent where it is continuous.
struct Law {
  Distribution distribution;
  std::optional<WordTable> table;
};

// A law and the words of a candidate's stream that it reads: one from `word` on, two where it is
// continuous. A fixed value looks at word 0 and takes none. Without a law the space has it not.
struct DrawnParameter {
  std::shared_ptr<const Law> law;
  int word = 0;
};

// The widths and group widths that networks have after MakeCompatible.
struct CompatibleWidths {
  struct Entry {
    int width = 0;  // 0: no network may have it
    int group_width = 1;
  };
  // For every (width, bottleneck, group width) drawn, in that order of indices; empty where there
  // are too many.
  std::vector<Entry> entries;
  size_t bottlenecks = 1;
  size_t group_widths = 1;
};

struct StageLaws {
  std::array<DrawnParameter, kStageParameterCount> parameters;
  std::shared_ptr<const CompatibleWidths> compatible;  // AnyNet alone
  // Of the entries of `compatible`; empty where there are several frames, or multiply-adds do not
  // follow from the entry alone.
  std::vector<StageFlops> flops;

  const DrawnParameter& operator[](Parameter parameter) const {
    return parameters[static_cast<size_t>(parameter)];
  }
  DrawnParameter& operator[](Parameter parameter) {
    return parameters[static_cast<size_t>(parameter)];
  }
};

// The laws of networks with multiply-adds in `flops`: all of them but in spaces whose group widths
// go by compute.
struct ComputeRange {
  Band flops;
  std::array<StageLaws, kMaxStages> stages;  // RegNet: the first one alone
};

// A model of a list, counted.
struct ListedModel {
  Model model;
  Complexity complexity;
  bool allowed = false;  // keeps the constraints
};

// A space as tables. Words of a candidate's stream are dealt out in a fixed order, so every
// parameter has its own: the model of a list; number of stages; resolution; the parameters shared
// by all stages, then stage by stage, each in the order of the enum (RegNet: depth, w0, wa, wm,
// then the rest in the order of the enum); lr and weight decay.
struct CompiledSpace {
  SpaceType type = SpaceType::kAnyNet;
  std::vector<ListedModel> models;  // kModels alone
  DrawnParameter model;
  std::vector<Frame> frames;
  std::vector<PartialFlops> stems;  // of the frames
  DrawnParameter frame;             // which of them; no law where there is one
  std::vector<int> stage_counts;
  DrawnParameter stage_count;  // which of them; AnyNet alone
  std::array<int, kMaxStages> strides{};
  std::vector<ComputeRange> ranges;
  DrawnParameter w0, wa, wm;
  DrawnParameter lr, weight_decay;
  int words = 1;  // of a candidate's stream that are read

  std::vector<Constraint> orders;
  std::vector<Constraint> depth_bounds;
  std::vector<Constraint> complexity_bounds;
};

// More words than any space draws.
inline constexpr int kMaxWords = 64;

// MakeCompatible, with width 0 for a stage outside the bounds of core/model.h.
Stage CompatibleOrNone(BlockType block, const Stage& stage);

// The values a discrete law can give; {fallback} without a law.
std::vector<double> ValuesOf(const DrawnParameter& parameter, double fallback);

// Whether a network keeps every constraint of the space.
bool KeepsConstraints(const CompiledSpace& space, std::span<const Stage> stages,
                      const Complexity& complexity);

// Builds the tables. Throws Error (starting with `where`) for a space whose networks could be too
// large to count.
CompiledSpace CompileSpace(const SpaceSpec& spec, const std::string& where);

}  // namespace dse
