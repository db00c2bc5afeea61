#include "tests/sampler/plain_sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/regnet.h"

namespace dse {
namespace {

size_t Pick(size_t count, UniformSource& uniforms) {
  if (count < 2) return 0;
  return static_cast<size_t>(uniforms.ForDiscrete() * static_cast<double>(count));
}

// Group compatibility; false where the widths leave the bounds of every model.
bool MakeStagesCompatible(Model& model) {
  for (Stage& stage : model.stages) {
    if (stage.width > kMaxWidth) return false;
    stage = MakeCompatible(model.frame.block, stage);
    if (stage.width < 1 || stage.width > kMaxWidth) return false;
  }
  return true;
}

bool KeepsOrder(ConstraintKind kind, const std::vector<int>& values) {
  switch (kind) {
    case ConstraintKind::kEqual:
      return std::all_of(values.begin(), values.end(), [&](int v) { return v == values.front(); });
    case ConstraintKind::kNonDecreasing:
      return std::is_sorted(values.begin(), values.end());
    default:
      return std::is_sorted(values.rbegin(), values.rend());
  }
}

bool Keeps(const Constraint& constraint, const Model& model, const Complexity& complexity) {
  const double gf = static_cast<double>(complexity.flops) / 1e9;
  const double bound =
      1e6 * (constraint.m + constraint.m_per_gf * gf + constraint.m_per_sqrt_gf * std::sqrt(gf));
  std::vector<int> values;
  for (const Stage& stage : model.stages) {
    values.push_back(constraint.parameter == Parameter::kDepth ? stage.depth : stage.width);
  }
  switch (constraint.kind) {
    case ConstraintKind::kShared:
      return true;  // one draw was shared
    case ConstraintKind::kTotalDepth:
      return constraint.low <= TotalDepth(model) && TotalDepth(model) <= constraint.high;
    case ConstraintKind::kParamsAtMost:
      return static_cast<double>(complexity.params) <= bound;
    case ConstraintKind::kActsAtMost:
      return static_cast<double>(complexity.acts) <= bound;
    default:
      return KeepsOrder(constraint.kind, values);
  }
}

// Section 2: stage i holds the blocks of level i. False for a number of stages that is not asked
// for, a level without blocks, two levels of equal width.
bool StagesOfLevels(const RegNetParameters& parameters, const std::vector<int>& wanted,
                    std::vector<Stage>& stages) {
  std::vector<int> widths(static_cast<size_t>(parameters.depth));
  std::vector<int> levels(widths.size());
  RegNetBlockWidths(parameters.w0, parameters.wa, parameters.wm, widths, levels);
  const int count = 1 + *std::max_element(levels.begin(), levels.end());
  if (std::find(wanted.begin(), wanted.end(), count) == wanted.end()) return false;
  stages.assign(static_cast<size_t>(count), Stage{.depth = 0});
  for (size_t j = 0; j < widths.size(); ++j) {
    Stage& stage = stages[static_cast<size_t>(levels[j])];
    ++stage.depth;
    stage.width = widths[j];
  }
  for (size_t i = 0; i < stages.size(); ++i) {
    if (stages[i].depth == 0) return false;
    if (i > 0 && stages[i].width == stages[i - 1].width) return false;
  }
  return true;
}

}  // namespace

PlainSampler::Law::Law(const Distribution& of) : distribution(of) {
  if (!of.continuous()) values = Support(of);
}

double PlainSampler::Law::Uniform(UniformSource& uniforms) const {
  if (values.empty()) return uniforms.ForContinuous();
  return values.size() == 1 ? 0.5 : uniforms.ForDiscrete();
}

double PlainSampler::Law::At(double uniform) const {
  return values.empty() ? ValueAt(distribution, uniform) : values[IndexAt(distribution, uniform)];
}

PlainSampler::PlainSampler(const SpaceSpec& spec) : spec_(spec) {
  if (spec.type == SpaceType::kModels) {
    models_ = ModelsOf(spec, "plain");
  } else {
    frames_ = FramesOf(spec);
    strides_ = StridesOf(spec);
  }
  for (const auto& [parameter, law] : spec.parameters) {
    for (const Distribution& distribution : law.by_stage) {
      laws_[parameter].emplace_back(distribution);
    }
    if (!law.by_compute) continue;
    // Section 3: below 1.6 GF powers of two 1..32, to 6.4 GF multiples of 8 in 16..64, above in
    // 16..128.
    constexpr int64_t kEnd = std::numeric_limits<int64_t>::max();
    const auto add = [&](int64_t low, int64_t high, const Distribution& group_width) {
      by_compute_.push_back({{low, high}, Law(group_width)});
    };
    add(0, 1'599'999'999, {DistributionKind::kPowerOfTwo, 1, 32, 0, {}});
    add(1'600'000'000, 6'400'000'000, {DistributionKind::kUniform, 16, 64, 8, {}});
    add(6'400'000'001, kEnd, {DistributionKind::kUniform, 16, 128, 8, {}});
  }
}

std::optional<PlainDraw> PlainSampler::Draw(UniformSource& uniforms) const {
  Drawn drawn;
  drawn.model = Pick(models_.size(), uniforms);
  drawn.stages = spec_.max_stages();
  if (spec_.type == SpaceType::kAnyNet) {
    drawn.stages = spec_.stage_counts[Pick(spec_.stage_counts.size(), uniforms)];
  }
  const size_t frame = Pick(frames_.size(), uniforms);
  if (!frames_.empty()) drawn.frame = frames_[frame];
  DrawStages(uniforms, drawn);
  PlainDraw draw;
  for (const Parameter parameter : {Parameter::kLr, Parameter::kWeightDecay}) {
    if (!Has(parameter)) continue;
    DrawOne(parameter, 0, uniforms, drawn);
    auto& value = parameter == Parameter::kLr ? draw.overrides.lr : draw.overrides.weight_decay;
    value = ValueOf(parameter, 0, drawn, nullptr);
  }

  std::optional<Model> model = by_compute_.empty() ? NetworkOf(drawn, nullptr) : ByComputeOf(drawn);
  if (!model) return {};
  draw.model = std::move(*model);
  draw.complexity = CountComplexity(draw.model);
  for (const Constraint& constraint : spec_.constraints) {
    if (!Keeps(constraint, draw.model, draw.complexity)) return {};
  }
  return draw;
}

void PlainSampler::DrawOne(Parameter parameter, int stage, UniformSource& uniforms,
                           Drawn& drawn) const {
  if (!Has(parameter) || spec_.parameters.at(parameter).same_as) return;
  const auto at = static_cast<size_t>(stage);
  double& uniform = drawn.uniforms[static_cast<size_t>(parameter)][at];
  if (parameter == Parameter::kGroupWidth && !by_compute_.empty()) {
    uniform = by_compute_.front().group_width.Uniform(uniforms);
    return;
  }
  const std::vector<Law>& laws = laws_.at(parameter);
  uniform = laws[laws.size() > 1 ? at : 0].Uniform(uniforms);
}

// Every stage that a network may have is drawn, whatever their number is this time.
void PlainSampler::DrawStages(UniformSource& uniforms, Drawn& drawn) const {
  using enum Parameter;
  const std::vector<Parameter> of_stages{kDepth,      kWidth,  kBottleneck,
                                         kGroupWidth, kKernel, kExpansion};
  if (spec_.type == SpaceType::kModels) return;
  if (spec_.type == SpaceType::kRegNet) {
    for (const Parameter parameter :
         {kDepth, kW0, kWa, kWm, kBottleneck, kGroupWidth, kKernel, kExpansion}) {
      DrawOne(parameter, 0, uniforms, drawn);
    }
    return;
  }
  for (const Parameter parameter : of_stages) {
    if (!spec_.Shares(parameter)) continue;
    DrawOne(parameter, 0, uniforms, drawn);
    auto& shared = drawn.uniforms[static_cast<size_t>(parameter)];
    shared.fill(shared.front());
  }
  for (int stage = 0; stage < spec_.max_stages(); ++stage) {
    for (const Parameter parameter : of_stages) {
      if (!spec_.Shares(parameter)) DrawOne(parameter, stage, uniforms, drawn);
    }
  }
}

double PlainSampler::ValueOf(Parameter parameter, int stage, const Drawn& drawn,
                             const ComputeGroups* groups) const {
  const std::optional<Parameter> same = spec_.parameters.at(parameter).same_as;
  if (same) return ValueOf(*same, stage, drawn, groups);
  const auto at = static_cast<size_t>(stage);
  const double uniform = drawn.uniforms[static_cast<size_t>(parameter)][at];
  if (groups && parameter == Parameter::kGroupWidth) return groups->group_width.At(uniform);
  const std::vector<Law>& laws = laws_.at(parameter);
  return laws[laws.size() > 1 ? at : 0].At(uniform);
}

std::optional<Model> PlainSampler::NetworkOf(const Drawn& drawn,
                                             const ComputeGroups* groups) const {
  switch (spec_.type) {
    case SpaceType::kAnyNet:
      return AnyNetOf(drawn, groups);
    case SpaceType::kRegNet:
      return RegNetOf(drawn, groups);
    case SpaceType::kModels:
      break;
  }
  return models_[drawn.model];
}

std::optional<Model> PlainSampler::AnyNetOf(const Drawn& drawn, const ComputeGroups* groups) const {
  using enum Parameter;
  Model model;
  model.frame = drawn.frame;
  for (int i = 0; i < drawn.stages; ++i) {
    const auto value = [&](Parameter parameter) { return ValueOf(parameter, i, drawn, groups); };
    Stage stage;
    stage.stride = strides_[static_cast<size_t>(i)];
    stage.depth = static_cast<int>(value(kDepth));
    stage.width = static_cast<int>(value(kWidth));
    if (Has(kBottleneck)) stage.bottleneck = value(kBottleneck);
    if (Has(kGroupWidth)) stage.group_width = static_cast<int>(value(kGroupWidth));
    if (Has(kKernel)) stage.kernel = static_cast<int>(value(kKernel));
    if (Has(kExpansion)) stage.expansion = static_cast<int>(value(kExpansion));
    model.stages.push_back(stage);
  }
  if (!MakeStagesCompatible(model)) return {};
  return model;
}

std::optional<Model> PlainSampler::RegNetOf(const Drawn& drawn, const ComputeGroups* groups) const {
  using enum Parameter;
  const auto value = [&](Parameter parameter) { return ValueOf(parameter, 0, drawn, groups); };
  RegNetParameters parameters;
  parameters.depth = static_cast<int>(value(kDepth));
  parameters.w0 = value(kW0);
  parameters.wa = value(kWa);
  parameters.wm = value(kWm);
  if (Has(kBottleneck)) parameters.bottleneck = value(kBottleneck);
  if (Has(kGroupWidth)) parameters.group_width = static_cast<int>(value(kGroupWidth));

  Model model;
  model.frame = drawn.frame;
  model.regnet = parameters;
  if (!StagesOfLevels(parameters, spec_.stage_counts, model.stages)) return {};
  for (size_t i = 0; i < model.stages.size(); ++i) {
    Stage& stage = model.stages[i];
    stage.stride = strides_[i];
    stage.bottleneck = parameters.bottleneck;
    stage.group_width = parameters.group_width;
    if (Has(kKernel)) stage.kernel = static_cast<int>(value(kKernel));
    if (Has(kExpansion)) stage.expansion = static_cast<int>(value(kExpansion));
  }
  if (!MakeStagesCompatible(model)) return {};
  return model;
}

// The network of the first range that it lies in.
std::optional<Model> PlainSampler::ByComputeOf(const Drawn& drawn) const {
  for (const ComputeGroups& groups : by_compute_) {
    std::optional<Model> model = NetworkOf(drawn, &groups);
    if (model && groups.flops.Contains(CountComplexity(*model).flops)) return model;
  }
  return {};
}

}  // namespace dse
