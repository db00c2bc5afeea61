#include "runner/torch/network.h"

#include <ATen/ATen.h>

#include <string>

#include "core/error.h"

namespace dse {
namespace {

void CheckSupported(const Frame& frame) {
  if (frame.block == BlockType::kMBConv) {
    throw Error(
        "the LibTorch trainer does not build MBConv blocks (EfficientNets) yet; it builds X, Y, R, "
        "V, "
        "VR and Basic");
  }
  if (frame.stem == StemType::kEfficientnet) {
    throw Error(
        "the LibTorch trainer does not build the efficientnet stem yet; it builds simple, cifar "
        "and "
        "resnet");
  }
}

ConvShape StemShape(const Frame& frame) {
  switch (frame.stem) {
    case StemType::kResnet:
      return {.in = 3, .out = frame.stem_width, .kernel = 7, .stride = 2};
    case StemType::kCifar:
      return {.in = 3, .out = frame.stem_width, .kernel = 3, .stride = 1};
    default:
      return {.in = 3, .out = frame.stem_width, .kernel = 3, .stride = 2};
  }
}

// The convolutions of a block, first to last.
std::vector<ConvShape> BlockShapes(BlockType type, const Stage& stage, int in, int stride) {
  const int out = stage.width;
  switch (type) {
    case BlockType::kX:
    case BlockType::kY:
    case BlockType::kR: {
      const int inner = InnerWidth(stage);
      return {
          {.in = in, .out = inner, .kernel = 1},
          {.in = inner, .out = inner, .kernel = 3, .stride = stride, .groups = Groups(type, stage)},
          {.in = inner, .out = out, .kernel = 1}};
    }
    case BlockType::kBasic:
      return {{.in = in, .out = out, .kernel = 3, .stride = stride},
              {.in = out, .out = out, .kernel = 3}};
    default:
      return {{.in = in, .out = out, .kernel = 3, .stride = stride}};
  }
}

}  // namespace

Network::Network(const Model& model, bool zero_init_gamma, const TensorPlace& place)
    : frame_(model.frame), activation_(AfterNorm(model.frame.activation)) {
  CheckSupported(frame_);
  LayerMaker maker(place);
  stem_.conv = maker.MakeConv("stem.0", StemShape(frame_));
  stem_.norm = maker.MakeNorm("stem.1", frame_.stem_width, 1);
  int width = frame_.stem_width;
  for (size_t s = 0; s < model.stages.size(); ++s) {
    const Stage& stage = model.stages[s];
    const std::string number = std::to_string(s + 1);
    for (int b = 0; b < stage.depth; ++b) {
      const std::string name =
          "trunk_output.block" + number + ".block" + number + "-" + std::to_string(b);
      blocks_.push_back(
          MakeBlock(maker, name, stage, width, b == 0 ? stage.stride : 1, zero_init_gamma));
      width = stage.width;
    }
  }
  head_ = maker.MakeLinear("fc", width, frame_.classes);
  parameters_ = maker.TakeParameters();
}

Block Network::MakeBlock(LayerMaker& maker, const std::string& name, const Stage& stage,
                         int input_width, int stride, bool zero_init_gamma) const {
  Block block;
  block.residual = HasProjection(frame_.block);
  if (block.residual && (input_width != stage.width || stride != 1)) {
    const ConvShape shape{.in = input_width, .out = stage.width, .kernel = 1, .stride = stride};
    Conv conv = maker.MakeConv(name + ".proj.0", shape);
    block.projection = Block::Step{conv, maker.MakeNorm(name + ".proj.1", stage.width, 1)};
  }
  const std::vector<ConvShape> shapes = BlockShapes(frame_.block, stage, input_width, stride);
  for (size_t i = 0; i < shapes.size(); ++i) {
    const std::string step = name + ".f." + std::string(1, static_cast<char>('a' + i));
    const bool last = i + 1 == shapes.size();
    const double gamma = last && block.residual && zero_init_gamma ? 0 : 1;
    Conv conv = maker.MakeConv(step + ".0", shapes[i]);
    block.steps.push_back({conv, maker.MakeNorm(step + ".1", shapes[i].out, gamma)});
    if (i == 1 && HasSqueeze(frame_.block)) {
      const int inner = shapes[i].out;
      const int squeezed = SqueezeWidth(frame_.se_ratio, input_width);
      Conv reduce =
          maker.MakeConv(name + ".f.se.fc1", {.in = inner, .out = squeezed, .bias = true});
      Conv expand =
          maker.MakeConv(name + ".f.se.fc2", {.in = squeezed, .out = inner, .bias = true});
      block.squeeze = Block::Squeeze{reduce, expand};
    }
  }
  return block;
}

at::Tensor Network::ForwardBlock(const Block& block, const at::Tensor& x, bool training) const {
  at::Tensor shortcut;
  if (block.projection) {
    shortcut = NormAddActivate(block.projection->conv.Forward(x), block.projection->norm, {},
                               After::kNothing, training);
  } else if (block.residual) {
    shortcut = x;
  }
  at::Tensor y = x;
  for (size_t i = 0; i < block.steps.size(); ++i) {
    const Block::Step& step = block.steps[i];
    const bool last = i + 1 == block.steps.size();
    y = NormAddActivate(step.conv.Forward(y), step.norm, last ? shortcut : at::Tensor(),
                        activation_, training);
    if (i == 1 && block.squeeze) {
      at::Tensor gate = y.mean({2, 3}, /*keepdim=*/true);
      gate = Activate(block.squeeze->reduce.Forward(gate), activation_);
      y = y * at::sigmoid(block.squeeze->expand.Forward(gate));
    }
  }
  return y;
}

at::Tensor Network::Forward(const at::Tensor& images, bool training) const {
  at::Tensor x = NormAddActivate(stem_.conv.Forward(images), stem_.norm, {}, activation_, training);
  if (frame_.stem == StemType::kResnet) x = at::max_pool2d(x, {3, 3}, {2, 2}, {1, 1});
  for (const Block& block : blocks_) x = ForwardBlock(block, x, training);
  return head_.Forward(x.mean({2, 3}));
}

int64_t Network::CountParameters() const {
  int64_t count = 0;
  for (const Parameter& parameter : parameters_) count += parameter.value.numel();
  return count;
}

std::vector<NormState*> Network::Norms() {
  std::vector<NormState*> norms{&stem_.norm};
  for (Block& block : blocks_) {
    if (block.projection) norms.push_back(&block.projection->norm);
    for (Block::Step& step : block.steps) norms.push_back(&step.norm);
  }
  return norms;
}

}  // namespace dse
