#include "runner/training/network_plan.h"

#include <cmath>
#include <utility>

namespace dse {
namespace {

using Law = Initialization::Law;

ConvPlan StemShape(const Frame& frame) {
  switch (frame.stem) {
    case StemType::kResnet:
      return {.in = 3, .out = frame.stem_width, .kernel = 7, .stride = 2};
    case StemType::kCifar:
      return {.in = 3, .out = frame.stem_width, .kernel = 3, .stride = 1};
    case StemType::kSimple:
    case StemType::kEfficientnet:
      break;
  }
  return {.in = 3, .out = frame.stem_width, .kernel = 3, .stride = 2};
}

// A unit to be made, without its parameters.
struct UnitShape {
  std::string name;
  ConvPlan conv;
  bool activated = true;
};

// The units of a block, first to last.
std::vector<UnitShape> UnitShapes(BlockType type, const Stage& stage, int in, int stride) {
  const int out = stage.width;
  switch (type) {
    case BlockType::kX:
    case BlockType::kY:
    case BlockType::kR: {
      const int inner = InnerWidth(stage);
      const int groups = Groups(type, stage);
      return {{"a", {.in = in, .out = inner}},
              {"b", {.in = inner, .out = inner, .kernel = 3, .stride = stride, .groups = groups}},
              {"c", {.in = inner, .out = out}}};
    }
    case BlockType::kBasic:
      return {{"a", {.in = in, .out = out, .kernel = 3, .stride = stride}},
              {"b", {.in = out, .out = out, .kernel = 3}}};
    case BlockType::kV:
    case BlockType::kVR:
      return {{"a", {.in = in, .out = out, .kernel = 3, .stride = stride}}};
    case BlockType::kMBConv:
      break;
  }
  const int inner = in * stage.expansion;
  std::vector<UnitShape> shapes;
  if (stage.expansion != 1) shapes.push_back({"exp", {.in = in, .out = inner}});
  shapes.push_back(
      {"dw",
       {.in = inner, .out = inner, .kernel = stage.kernel, .stride = stride, .groups = inner}});
  shapes.push_back({"lin", {.in = inner, .out = out}, /*activated=*/false});
  return shapes;
}

// Plans layers one after another and lists their parameters.
class Planner {
 public:
  explicit Planner(bool zero_init_gamma) : zero_init_gamma_(zero_init_gamma) {}

  ConvPlan PlanConv(const std::string& name, ConvPlan conv, bool bias = false);
  UnitPlan PlanUnit(const std::string& name, const UnitShape& shape, double gamma = 1);
  BlockPlan PlanBlock(const std::string& name, const Frame& frame, const Stage& stage,
                      int input_width, int stride);
  LinearPlan PlanLinear(const std::string& name, int in, int out);

  std::vector<ParameterPlan> TakeParameters() { return std::move(parameters_); }

 private:
  int Add(const std::string& name, ParameterKind kind, std::vector<int64_t> shape,
          Initialization initialization);

  bool zero_init_gamma_;
  std::vector<ParameterPlan> parameters_;
};

int Planner::Add(const std::string& name, ParameterKind kind, std::vector<int64_t> shape,
                 Initialization initialization) {
  parameters_.push_back({name, kind, std::move(shape), initialization});
  return static_cast<int>(parameters_.size()) - 1;
}

ConvPlan Planner::PlanConv(const std::string& name, ConvPlan conv, bool bias) {
  const double area = 1.0 * conv.kernel * conv.kernel;
  conv.weight = Add(name + ".weight", ParameterKind::kWeight,
                    {conv.out, conv.in / conv.groups, conv.kernel, conv.kernel},
                    {Law::kNormal, std::sqrt(2.0 / (area * conv.out))});
  if (bias) {
    const double fan_in = area * conv.in / conv.groups;
    conv.bias = Add(name + ".bias", ParameterKind::kBias, {conv.out},
                    {Law::kUniform, 1 / std::sqrt(fan_in)});
  }
  return conv;
}

UnitPlan Planner::PlanUnit(const std::string& name, const UnitShape& shape, double gamma) {
  UnitPlan unit;
  unit.activated = shape.activated;
  unit.conv = PlanConv(name + ".0", shape.conv);
  NormPlan& norm = unit.norm;
  norm.name = name + ".1";
  norm.channels = shape.conv.out;
  norm.gamma =
      Add(norm.name + ".weight", ParameterKind::kNorm, {norm.channels}, {Law::kConstant, gamma});
  norm.beta = Add(norm.name + ".bias", ParameterKind::kNorm, {norm.channels}, {Law::kConstant, 0});
  return unit;
}

BlockPlan Planner::PlanBlock(const std::string& name, const Frame& frame, const Stage& stage,
                             int input_width, int stride) {
  BlockPlan block;
  const bool same_shape = input_width == stage.width && stride == 1;
  block.residual = HasProjection(frame.block) || (frame.block == BlockType::kMBConv && same_shape);
  if (block.residual && !same_shape) {
    const ConvPlan conv{.in = input_width, .out = stage.width, .stride = stride};
    block.projection = PlanUnit(name + ".proj", {"", conv, /*activated=*/false});
  }
  const std::vector<UnitShape> shapes = UnitShapes(frame.block, stage, input_width, stride);
  for (size_t i = 0; i < shapes.size(); ++i) {
    const bool last = i + 1 == shapes.size();
    if (last && HasSqueeze(frame.block)) {
      const int inner = shapes[i].conv.in;
      const int squeezed = SqueezeWidth(frame, input_width);
      ConvPlan reduce = PlanConv(name + ".f.se.fc1", {.in = inner, .out = squeezed}, true);
      ConvPlan expand = PlanConv(name + ".f.se.fc2", {.in = squeezed, .out = inner}, true);
      block.squeeze = BlockPlan::Squeeze{reduce, expand};
    }
    const double gamma = last && block.residual && zero_init_gamma_ ? 0 : 1;
    block.units.push_back(PlanUnit(name + ".f." + shapes[i].name, shapes[i], gamma));
  }
  return block;
}

LinearPlan Planner::PlanLinear(const std::string& name, int in, int out) {
  LinearPlan linear{.in = in, .out = out};
  linear.weight = Add(name + ".weight", ParameterKind::kWeight, {out, in}, {Law::kNormal, 0.01});
  linear.bias = Add(name + ".bias", ParameterKind::kBias, {out}, {Law::kConstant, 0});
  return linear;
}

}  // namespace

int NetworkPlan::residual_blocks() const {
  int count = 0;
  for (const BlockPlan& block : blocks) count += block.residual;
  return count;
}

int64_t NetworkPlan::CountParameters() const {
  int64_t count = 0;
  for (const ParameterPlan& parameter : parameters) count += parameter.elements();
  return count;
}

std::vector<const NormPlan*> NetworkPlan::Norms() const {
  std::vector<const NormPlan*> norms{&stem.norm};
  for (const BlockPlan& block : blocks) {
    if (block.projection) norms.push_back(&block.projection->norm);
    for (const UnitPlan& unit : block.units) norms.push_back(&unit.norm);
  }
  if (last) norms.push_back(&last->norm);
  return norms;
}

NetworkPlan PlanNetwork(const Model& model, bool zero_init_gamma) {
  Planner planner(zero_init_gamma);
  NetworkPlan plan;
  plan.frame = model.frame;
  plan.stem = planner.PlanUnit("stem", {"", StemShape(model.frame)});
  int width = model.frame.stem_width;
  for (size_t s = 0; s < model.stages.size(); ++s) {
    const Stage& stage = model.stages[s];
    const std::string number = std::to_string(s + 1);
    for (int b = 0; b < stage.depth; ++b) {
      const std::string name =
          "trunk_output.block" + number + ".block" + number + "-" + std::to_string(b);
      plan.blocks.push_back(
          planner.PlanBlock(name, model.frame, stage, width, b == 0 ? stage.stride : 1));
      width = stage.width;
    }
  }
  if (model.frame.head_width > 0) {
    plan.last = planner.PlanUnit("head", {"", {.in = width, .out = model.frame.head_width}});
    width = model.frame.head_width;
  }
  plan.head = planner.PlanLinear("fc", width, model.frame.classes);
  plan.parameters = planner.TakeParameters();
  return plan;
}

}  // namespace dse
