#include "sampler/compiled_space.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace dse {
namespace {

constexpr size_t kMaxCompatibleEntries = size_t{1} << 16;
constexpr int64_t kAnyFlops = std::numeric_limits<int64_t>::max();

// Group widths by compute: appendix D of the paper gives multiples of 8 in 16..64 at 3.2 GF.
struct ComputeGroups {
  Band flops;
  Distribution group_width;
};
std::vector<ComputeGroups> GroupsByCompute() {
  constexpr int64_t kLow = 1'600'000'000;
  constexpr int64_t kHigh = 6'400'000'000;
  return {{{0, kLow - 1}, {DistributionKind::kPowerOfTwo, 1, 32, 0, {}}},
          {{kLow, kHigh}, {DistributionKind::kUniform, 16, 64, 8, {}}},
          {{kHigh + 1, kAnyFlops}, {DistributionKind::kUniform, 16, 128, 8, {}}}};
}

std::shared_ptr<const Law> MakeLaw(const Distribution& distribution) {
  Law law{distribution, {}};
  if (!distribution.continuous()) law.table.emplace(distribution);
  return std::make_shared<const Law>(std::move(law));
}

// One of 0..count-1, equally likely; nothing to draw where there is one.
DrawnParameter OneOf(size_t count) {
  if (count < 2) return {};
  const auto last = static_cast<double>(count - 1);
  return {MakeLaw({DistributionKind::kUniform, 0, last, 1, {}}), 0};
}

// Gives the parameter of stages first..last of all ranges its law, made anew for each stage only
// where the document has a list.
void SetLaws(const SpaceSpec& spec, Parameter parameter, CompiledSpace& space) {
  const auto found = spec.parameters.find(parameter);
  if (found == spec.parameters.end()) return;
  const std::vector<ComputeGroups> groups = GroupsByCompute();
  for (size_t range = 0; range < space.ranges.size(); ++range) {
    std::vector<Distribution> by_stage = found->second.by_stage;
    if (found->second.by_compute) by_stage = {groups[range].group_width};
    std::shared_ptr<const Law> law;
    for (size_t stage = 0; stage < static_cast<size_t>(spec.max_stages()); ++stage) {
      if (stage < by_stage.size()) law = MakeLaw(by_stage[stage]);
      space.ranges[range].stages[stage][parameter].law = law;
    }
  }
}

DrawnParameter NetworkLaw(const SpaceSpec& spec, Parameter parameter) {
  const auto found = spec.parameters.find(parameter);
  if (found == spec.parameters.end() || found->second.same_as) return {};
  return {MakeLaw(found->second.by_stage.front()), 0};
}

// The words a law takes.
int WordsOf(const DrawnParameter& drawn) {
  if (!drawn.law) return 0;
  if (!drawn.law->table) return 2;
  return drawn.law->table->values().size() == 1 ? 0 : 1;
}

// Hands out the words of a candidate's stream, one parameter after another.
class WordDealer {
 public:
  explicit WordDealer(CompiledSpace& space) : space_(space) {}

  void Deal(DrawnParameter& drawn) {
    if (WordsOf(drawn) > 0) drawn.word = next_;
    next_ += WordsOf(drawn);
  }
  // The same words for stages first..last, and for every range.
  void Deal(Parameter parameter, int first, int last) {
    int words = 0;
    for (ComputeRange& range : space_.ranges) {
      for (int stage = first; stage <= last; ++stage) {
        DrawnParameter& drawn = range.stages[static_cast<size_t>(stage)][parameter];
        if (WordsOf(drawn) > 0) drawn.word = next_;
        words = std::max(words, WordsOf(drawn));
      }
    }
    next_ += words;
  }
  // All that is needed so far; never none, as fixed values look at word 0.
  int needed() const { return std::max(next_, 1); }

 private:
  CompiledSpace& space_;
  int next_ = 0;
};

constexpr std::array<Parameter, kStageParameterCount> kStageParameters{
    Parameter::kDepth,      Parameter::kWidth,  Parameter::kBottleneck,
    Parameter::kGroupWidth, Parameter::kKernel, Parameter::kExpansion};

void DealStages(const SpaceSpec& spec, WordDealer& dealer) {
  const int last = spec.max_stages() - 1;
  for (const Parameter parameter : kStageParameters) {
    if (spec.Shares(parameter)) dealer.Deal(parameter, 0, last);
  }
  for (int stage = 0; stage <= last; ++stage) {
    for (const Parameter parameter : kStageParameters) {
      if (!spec.Shares(parameter)) dealer.Deal(parameter, stage, stage);
    }
  }
}

void DealRegNet(WordDealer& dealer, CompiledSpace& space) {
  dealer.Deal(Parameter::kDepth, 0, 0);
  for (DrawnParameter* drawn : {&space.w0, &space.wa, &space.wm}) dealer.Deal(*drawn);
  for (const Parameter parameter : kStageParameters) {
    if (parameter != Parameter::kDepth) dealer.Deal(parameter, 0, 0);
  }
}

void DealWords(const SpaceSpec& spec, CompiledSpace& space) {
  WordDealer dealer(space);
  dealer.Deal(space.model);
  dealer.Deal(space.stage_count);
  dealer.Deal(space.frame);
  if (spec.type == SpaceType::kAnyNet) DealStages(spec, dealer);
  if (spec.type == SpaceType::kRegNet) DealRegNet(dealer, space);
  dealer.Deal(space.lr);
  dealer.Deal(space.weight_decay);
  space.words = dealer.needed();
}

// w0 = wa: one draw, read twice.
void TieSame(const SpaceSpec& spec, CompiledSpace& space) {
  if (!space.wa.law && spec.type == SpaceType::kRegNet) space.wa = space.w0;
  if (!space.w0.law && spec.type == SpaceType::kRegNet) space.w0 = space.wa;
}

void SortConstraints(const SpaceSpec& spec, CompiledSpace& space) {
  for (const Constraint& constraint : spec.constraints) {
    switch (constraint.kind) {
      case ConstraintKind::kShared:
        break;
      case ConstraintKind::kTotalDepth:
        space.depth_bounds.push_back(constraint);
        break;
      case ConstraintKind::kParamsAtMost:
      case ConstraintKind::kActsAtMost:
        space.complexity_bounds.push_back(constraint);
        break;
      default:
        space.orders.push_back(constraint);
    }
  }
}

CompatibleWidths MakeCompatibleWidths(BlockType block, const StageLaws& laws) {
  const std::vector<double> widths = ValuesOf(laws[Parameter::kWidth], 1);
  const std::vector<double> bottlenecks = ValuesOf(laws[Parameter::kBottleneck], 1);
  const std::vector<double> group_widths = ValuesOf(laws[Parameter::kGroupWidth], 1);
  CompatibleWidths made;
  made.bottlenecks = bottlenecks.size();
  made.group_widths = group_widths.size();
  if (widths.size() * bottlenecks.size() > kMaxCompatibleEntries / group_widths.size()) return made;
  for (const double width : widths) {
    for (const double bottleneck : bottlenecks) {
      for (const double group_width : group_widths) {
        Stage stage;
        stage.width = static_cast<int>(width);
        stage.bottleneck = bottleneck;
        stage.group_width = static_cast<int>(group_width);
        stage = CompatibleOrNone(block, stage);
        made.entries.push_back({stage.width, stage.group_width});
      }
    }
  }
  return made;
}

bool SameLaw(const StageLaws& a, const StageLaws& b, Parameter parameter) {
  return a[parameter].law == b[parameter].law;
}

// Stages with the same laws share a table.
void FillCompatible(BlockType block, int stages, ComputeRange& range) {
  for (size_t i = 0; i < static_cast<size_t>(stages); ++i) {
    StageLaws& laws = range.stages[i];
    if (i > 0) {
      const StageLaws& before = range.stages[i - 1];
      if (SameLaw(laws, before, Parameter::kWidth) &&
          SameLaw(laws, before, Parameter::kBottleneck) &&
          SameLaw(laws, before, Parameter::kGroupWidth)) {
        laws.compatible = before.compatible;
        continue;
      }
    }
    laws.compatible = std::make_shared<const CompatibleWidths>(MakeCompatibleWidths(block, laws));
  }
}

// The multiply-adds of every entry at the stage's own resolution.
void FillFlops(const CompiledSpace& space, int stages, ComputeRange& range) {
  const Frame& frame = space.frames.front();
  if (space.frames.size() > 1 || frame.block == BlockType::kMBConv) return;
  PartialFlops before(frame);
  for (size_t i = 0; i < static_cast<size_t>(stages); ++i) {
    StageLaws& laws = range.stages[i];
    const std::vector<double> bottlenecks = ValuesOf(laws[Parameter::kBottleneck], 1);
    const CompatibleWidths& compatible = *laws.compatible;
    Stage stage;
    stage.stride = space.strides[i];
    for (size_t j = 0; j < compatible.entries.size(); ++j) {
      stage.width = std::max(1, compatible.entries[j].width);
      stage.group_width = compatible.entries[j].group_width;
      stage.bottleneck = bottlenecks[j / compatible.group_widths % compatible.bottlenecks];
      const auto flops = FlopsOfStage(frame, stage, before.resolution());
      if (!flops) return;
      laws.flops.push_back(*flops);
    }
    before.Add(stage);
  }
}

int Largest(const DrawnParameter& drawn) {
  const std::vector<double> values = ValuesOf(drawn, 1);
  return static_cast<int>(*std::max_element(values.begin(), values.end()));
}

int WidestOf(const StageLaws& laws) {
  if (!laws.compatible || laws.compatible->entries.empty()) return kMaxWidth;
  int widest = 1;
  for (const auto& entry : laws.compatible->entries) widest = std::max(widest, entry.width);
  return widest;
}

// Counts stay inside 63 bits for every network of the space if they do for one with the widest and
// deepest stages it can have, at the largest of its resolutions.
void CheckLargest(const SpaceSpec& spec, const CompiledSpace& space, const std::string& where) {
  Model model;
  model.frame = *std::ranges::max_element(space.frames, {}, &Frame::resolution);
  const int stages = spec.type == SpaceType::kRegNet ? 1 : spec.max_stages();
  for (const ComputeRange& range : space.ranges) {
    for (int i = 0; i < stages; ++i) {
      const StageLaws& laws = range.stages[static_cast<size_t>(i)];
      Stage stage;
      stage.width = WidestOf(laws);
      stage.depth = Largest(laws[Parameter::kDepth]);
      const std::vector<double> ratios = ValuesOf(laws[Parameter::kBottleneck], 1);
      stage.bottleneck = *std::min_element(ratios.begin(), ratios.end());
      stage.kernel = std::max(3, Largest(laws[Parameter::kKernel]));
      stage.expansion = Largest(laws[Parameter::kExpansion]);
      model.stages.push_back(stage);
    }
    ResolveModel(model, where + ": the largest networks");
    model.stages.clear();
  }
}

void CompileNetworks(const SpaceSpec& spec, const std::string& where, CompiledSpace& space) {
  space.frames = FramesOf(spec);
  for (const Frame& frame : space.frames) space.stems.emplace_back(frame);
  space.frame = OneOf(space.frames.size());
  space.stage_counts = spec.stage_counts;
  if (spec.type == SpaceType::kAnyNet) space.stage_count = OneOf(space.stage_counts.size());
  const std::vector<int> strides = StridesOf(spec);
  std::copy(strides.begin(), strides.end(), space.strides.begin());

  const auto group_width = spec.parameters.find(Parameter::kGroupWidth);
  if (group_width != spec.parameters.end() && group_width->second.by_compute) {
    for (const ComputeGroups& groups : GroupsByCompute())
      space.ranges.push_back({groups.flops, {}});
  } else {
    space.ranges.push_back({{0, kAnyFlops}, {}});
  }
  for (const Parameter parameter : kStageParameters) SetLaws(spec, parameter, space);
  space.w0 = NetworkLaw(spec, Parameter::kW0);
  space.wa = NetworkLaw(spec, Parameter::kWa);
  space.wm = NetworkLaw(spec, Parameter::kWm);
  if (spec.type == SpaceType::kAnyNet) {
    for (ComputeRange& range : space.ranges) {
      FillCompatible(spec.block, spec.max_stages(), range);
      FillFlops(space, spec.max_stages(), range);
    }
  }
  CheckLargest(spec, space, where);
}

void CompileModels(const SpaceSpec& spec, const std::string& where, CompiledSpace& space) {
  for (Model& model : ModelsOf(spec, where)) {
    ListedModel listed{std::move(model), {}, false};
    listed.complexity = CountComplexity(listed.model);
    listed.allowed = KeepsConstraints(space, listed.model.stages, listed.complexity);
    space.models.push_back(std::move(listed));
  }
  space.model = OneOf(space.models.size());
}

}  // namespace

Stage CompatibleOrNone(BlockType block, const Stage& stage) {
  Stage compatible = MakeCompatible(block, stage);
  if (compatible.width < 1 || compatible.width > kMaxWidth) compatible.width = 0;
  return compatible;
}

std::vector<double> ValuesOf(const DrawnParameter& parameter, double fallback) {
  return parameter.law ? parameter.law->table->values() : std::vector<double>{fallback};
}

bool KeepsConstraints(const CompiledSpace& space, std::span<const Stage> stages,
                      const Complexity& complexity) {
  int64_t depth = 0;
  for (size_t i = 0; i < stages.size(); ++i) {
    depth += stages[i].depth;
    for (const Constraint& order : space.orders) {
      if (i > 0 && !KeepsOrder(order, stages[i - 1], stages[i])) return false;
    }
  }
  for (const Constraint& bound : space.depth_bounds) {
    if (!KeepsDepth(bound, depth)) return false;
  }
  for (const Constraint& bound : space.complexity_bounds) {
    if (!KeepsBound(bound, complexity)) return false;
  }
  return true;
}

CompiledSpace CompileSpace(const SpaceSpec& spec, const std::string& where) {
  CompiledSpace space;
  space.type = spec.type;
  SortConstraints(spec, space);
  if (spec.type == SpaceType::kModels) {
    CompileModels(spec, where, space);
  } else {
    CompileNetworks(spec, where, space);
  }
  space.lr = NetworkLaw(spec, Parameter::kLr);
  space.weight_decay = NetworkLaw(spec, Parameter::kWeightDecay);
  DealWords(spec, space);
  TieSame(spec, space);
  return space;
}

}  // namespace dse
