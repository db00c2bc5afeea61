#include "runner/torch/network.h"

#include <ATen/ATen.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

#include <string>

namespace dse {
namespace {

ConvShape StemShape(const Frame& frame) {
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

// A unit to be made.
struct UnitPlan {
  std::string name;
  ConvShape shape;
  bool activated = true;
};

// The units of a block, first to last.
std::vector<UnitPlan> PlanUnits(BlockType type, const Stage& stage, int in, int stride) {
  const int out = stage.width;
  switch (type) {
    case BlockType::kX:
    case BlockType::kY:
    case BlockType::kR: {
      const int inner = InnerWidth(stage);
      const int groups = Groups(type, stage);
      return {{"a", {.in = in, .out = inner, .kernel = 1}},
              {"b", {.in = inner, .out = inner, .kernel = 3, .stride = stride, .groups = groups}},
              {"c", {.in = inner, .out = out, .kernel = 1}}};
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
  std::vector<UnitPlan> plans;
  if (stage.expansion != 1) plans.push_back({"exp", {.in = in, .out = inner, .kernel = 1}});
  plans.push_back(
      {"dw",
       {.in = inner, .out = inner, .kernel = stage.kernel, .stride = stride, .groups = inner}});
  plans.push_back({"lin", {.in = inner, .out = out, .kernel = 1}, /*activated=*/false});
  return plans;
}

// A factor for each image, to multiply activations [n, c, h, w] with.
at::Tensor PerImage(const at::Tensor& factors, const at::Tensor& x) {
  return factors.to(x.scalar_type()).view({-1, 1, 1, 1});
}

// Pools and classifies in the parameters' own type: bf16 would round logits so that classes tie.
at::Tensor Classify(const at::Tensor& x, const at::Tensor& dropout, const Linear& head) {
  const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
  const at::ScalarType type = head.weight.scalar_type();
  at::Tensor pooled = x.mean({2, 3}, /*keepdim=*/false, type);
  if (dropout.defined()) pooled = pooled * dropout.to(type);
  return head.Forward(pooled);
}

}  // namespace

Network::Network(const Model& model, bool zero_init_gamma, const TensorPlace& place)
    : frame_(model.frame), activation_(AfterNorm(model.frame.activation)) {
  LayerMaker maker(place);
  stem_ = MakeUnit(maker, "stem", StemShape(frame_), activation_);
  int width = frame_.stem_width;
  for (size_t s = 0; s < model.stages.size(); ++s) {
    const Stage& stage = model.stages[s];
    const std::string number = std::to_string(s + 1);
    for (int b = 0; b < stage.depth; ++b) {
      const std::string name =
          "trunk_output.block" + number + ".block" + number + "-" + std::to_string(b);
      blocks_.push_back(
          MakeBlock(maker, name, stage, width, b == 0 ? stage.stride : 1, zero_init_gamma));
      residual_blocks_ += blocks_.back().residual;
      width = stage.width;
    }
  }
  if (frame_.head_width > 0) {
    last_ = MakeUnit(maker, "head", {.in = width, .out = frame_.head_width}, activation_);
    width = frame_.head_width;
  }
  head_ = maker.MakeLinear("fc", width, frame_.classes);
  parameters_ = maker.TakeParameters();
  ListNorms();
}

Unit Network::MakeUnit(LayerMaker& maker, const std::string& name, const ConvShape& shape,
                       After after, double gamma) const {
  Conv conv = maker.MakeConv(name + ".0", shape);
  return {name, conv, maker.MakeNorm(name + ".1", shape.out, gamma), after};
}

Block Network::MakeBlock(LayerMaker& maker, const std::string& name, const Stage& stage,
                         int input_width, int stride, bool zero_init_gamma) const {
  Block block;
  const bool same_shape = input_width == stage.width && stride == 1;
  block.residual =
      HasProjection(frame_.block) || (frame_.block == BlockType::kMBConv && same_shape);
  if (block.residual && !same_shape) {
    const ConvShape shape{.in = input_width, .out = stage.width, .kernel = 1, .stride = stride};
    block.projection = MakeUnit(maker, name + ".proj", shape, After::kNothing);
  }
  const std::vector<UnitPlan> plans = PlanUnits(frame_.block, stage, input_width, stride);
  for (size_t i = 0; i < plans.size(); ++i) {
    const bool last = i + 1 == plans.size();
    if (last && HasSqueeze(frame_.block)) {
      const int inner = plans[i].shape.in;
      const int squeezed = SqueezeWidth(frame_, input_width);
      Conv reduce =
          maker.MakeConv(name + ".f.se.fc1", {.in = inner, .out = squeezed, .bias = true});
      Conv expand =
          maker.MakeConv(name + ".f.se.fc2", {.in = squeezed, .out = inner, .bias = true});
      block.squeeze = Block::Squeeze{reduce, expand};
    }
    block.units.push_back(MakeUnit(maker, name + ".f." + plans[i].name, plans[i].shape,
                                   plans[i].activated ? activation_ : After::kNothing,
                                   last && block.residual && zero_init_gamma ? 0 : 1));
  }
  return block;
}

at::Tensor Network::ForwardBlock(const Block& block, const at::Tensor& x, bool training,
                                 const at::Tensor& keep) const {
  const auto run = [&](const Unit& unit, const at::Tensor& in, const at::Tensor& residual,
                       After after) {
    return NormAddActivate(unit.conv.Forward(in), unit.norm, residual, after, training);
  };
  at::Tensor y = x;
  for (size_t i = 0; i + 1 < block.units.size(); ++i) {
    y = run(block.units[i], y, {}, block.units[i].after);
  }
  if (block.squeeze) {
    at::Tensor gate = y.mean({2, 3}, /*keepdim=*/true);
    gate = Activate(block.squeeze->reduce.Forward(gate), activation_);
    y = y * at::sigmoid(block.squeeze->expand.Forward(gate));
  }
  const Unit& last = block.units.back();
  if (!block.residual) return run(last, y, {}, last.after);
  const at::Tensor shortcut = block.projection ? run(*block.projection, x, {}, After::kNothing) : x;
  if (!keep.defined()) return run(last, y, shortcut, last.after);
  y = run(last, y, {}, After::kNothing);
  return Activate(y * PerImage(keep, y) + shortcut, last.after);
}

at::Tensor Network::Forward(const at::Tensor& images, bool training, const Noise& noise) const {
  const auto run = [&](const Unit& unit, const at::Tensor& in) {
    return NormAddActivate(unit.conv.Forward(in), unit.norm, {}, unit.after, training);
  };
  at::Tensor x = run(stem_, images);
  if (frame_.stem == StemType::kResnet) x = at::max_pool2d(x, {3, 3}, {2, 2}, {1, 1});
  int64_t residual = 0;
  for (const Block& block : blocks_) {
    const bool drops = block.residual && noise.drop_path.defined();
    x = ForwardBlock(block, x, training,
                     drops ? noise.drop_path.select(0, residual) : at::Tensor());
    residual += block.residual;
  }
  if (last_) x = run(*last_, x);
  return Classify(x, noise.dropout, head_);
}

int64_t Network::CountParameters() const {
  int64_t count = 0;
  for (const Parameter& parameter : parameters_) count += parameter.value.numel();
  return count;
}

// Pointers into members that do not move after construction.
void Network::ListNorms() {
  const auto list = [this](Unit& unit) { norms_.push_back({unit.name + ".1", &unit.norm}); };
  list(stem_);
  for (Block& block : blocks_) {
    if (block.projection) list(*block.projection);
    for (Unit& unit : block.units) list(unit);
  }
  if (last_) list(*last_);
}

}  // namespace dse
