#include "sampler/compiled_space.h"

#include <algorithm>

namespace dse {
namespace {

constexpr size_t kMaxCompatibleEntries = size_t{1} << 16;
constexpr std::array<Parameter, 4> kStageParameters{Parameter::kDepth, Parameter::kWidth,
                                                    Parameter::kBottleneck, Parameter::kGroupWidth};
constexpr std::array<Parameter, 6> kRegNetParameters{
    Parameter::kDepth, Parameter::kW0,         Parameter::kWa,
    Parameter::kWm,    Parameter::kBottleneck, Parameter::kGroupWidth};

// Deals out the next words to a parameter of stages first..last.
void DealWords(Space::Compiled& space, Parameter parameter, int first, int last, int& next) {
  auto& drawn = space.parameters[static_cast<size_t>(parameter)];
  if (!drawn) return;
  const bool fixed = drawn->table && drawn->table->values().size() == 1;
  for (int stage = first; stage <= last; ++stage) {
    drawn->word[static_cast<size_t>(stage)] = fixed ? 0 : next;
  }
  if (!fixed) next += drawn->table ? 1 : 2;
}

void DealAllWords(const SpaceSpec& spec, Space::Compiled& space) {
  int next = 0;
  if (spec.regnet) {
    for (const Parameter parameter : kRegNetParameters) DealWords(space, parameter, 0, 0, next);
    space.words_for_stage[0] = std::max(next, 1);
  } else {
    const int last = spec.stages() - 1;
    for (const Parameter parameter : kStageParameters) {
      if (spec.Shares(parameter)) DealWords(space, parameter, 0, last, next);
    }
    for (int stage = 0; stage <= last; ++stage) {
      for (const Parameter parameter : kStageParameters) {
        if (!spec.Shares(parameter)) DealWords(space, parameter, stage, stage, next);
      }
      space.words_for_stage[static_cast<size_t>(stage)] = std::max(next, 1);
    }
  }
  DealWords(space, Parameter::kLr, 0, 0, next);
  DealWords(space, Parameter::kWeightDecay, 0, 0, next);
  space.words = std::max(next, 1);
}

void SortConstraints(const SpaceSpec& spec, Space::Compiled& space) {
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

std::vector<double> ValuesOf(const Space::Compiled& space, Parameter parameter) {
  const DrawnParameter* drawn = space.Find(parameter);
  return drawn ? drawn->table->values() : std::vector<double>{1};
}

void FillCompatible(Space::Compiled& space) {
  const std::vector<double> widths = ValuesOf(space, Parameter::kWidth);
  const std::vector<double> bottlenecks = ValuesOf(space, Parameter::kBottleneck);
  const std::vector<double> group_widths = ValuesOf(space, Parameter::kGroupWidth);
  space.bottlenecks = bottlenecks.size();
  space.group_widths = group_widths.size();
  if (widths.size() * bottlenecks.size() > kMaxCompatibleEntries / group_widths.size()) return;
  for (const double width : widths) {
    for (const double bottleneck : bottlenecks) {
      for (const double group_width : group_widths) {
        Stage stage;
        stage.width = static_cast<int>(width);
        stage.bottleneck = bottleneck;
        stage.group_width = static_cast<int>(group_width);
        space.compatible.push_back(CompatibleOrNone(space.frame.block, stage));
      }
    }
  }
}

// Counts stay inside 63 bits for every network of the space if they do for one with the widest and
// deepest stages it can have.
void CheckLargest(const SpaceSpec& spec, const Space::Compiled& space, const std::string& where) {
  Stage largest;
  largest.width = space.compatible.empty() ? kMaxWidth : 1;
  for (const Stage& stage : space.compatible) largest.width = std::max(largest.width, stage.width);
  const std::vector<double> depths = ValuesOf(space, Parameter::kDepth);
  largest.depth = static_cast<int>(*std::max_element(depths.begin(), depths.end()));
  const std::vector<double> ratios = ValuesOf(space, Parameter::kBottleneck);
  largest.bottleneck = *std::min_element(ratios.begin(), ratios.end());
  Model model;
  model.frame = spec.frame;
  model.stages.assign(spec.regnet ? 1 : spec.strides.size(), largest);
  ResolveModel(std::move(model), where + ": the largest networks");
}

}  // namespace

Stage CompatibleOrNone(BlockType block, const Stage& stage) {
  Stage compatible = MakeCompatible(block, stage);
  if (compatible.width < 1 || compatible.width > kMaxWidth) compatible.width = 0;
  return compatible;
}

Space::Compiled CompileSpace(const SpaceSpec& spec, const std::string& where) {
  Space::Compiled space;
  space.regnet = spec.regnet;
  space.frame = spec.frame;
  space.stage_count = spec.stages();
  std::copy(spec.strides.begin(), spec.strides.end(), space.strides.begin());
  for (const auto& [parameter, distribution] : spec.parameters) {
    DrawnParameter drawn{distribution, {}, {}};
    if (!distribution.continuous()) drawn.table.emplace(distribution);
    space.parameters[static_cast<size_t>(parameter)] = std::move(drawn);
  }
  DealAllWords(spec, space);
  SortConstraints(spec, space);
  if (!spec.regnet) FillCompatible(space);
  CheckLargest(spec, space, where);
  return space;
}

}  // namespace dse
