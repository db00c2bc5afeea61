#include "core/model.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/regnet.h"
#include "core/units.h"

namespace dse {
namespace {

constexpr Word<BlockType> kBlocks[] = {{"X", BlockType::kX},          {"Y", BlockType::kY},
                                       {"R", BlockType::kR},          {"V", BlockType::kV},
                                       {"VR", BlockType::kVR},        {"Basic", BlockType::kBasic},
                                       {"MBConv", BlockType::kMBConv}};
constexpr Word<StemType> kStems[] = {{"simple", StemType::kSimple},
                                     {"cifar", StemType::kCifar},
                                     {"resnet", StemType::kResnet},
                                     {"efficientnet", StemType::kEfficientnet}};
constexpr Word<Activation> kActivations[] = {{"relu", Activation::kRelu},
                                             {"swish", Activation::kSwish}};

constexpr double kMaxBottleneck = 64;

void CheckRange(const std::string& where, const std::string& what, int64_t value, int64_t low,
                int64_t high) {
  if (value >= low && value <= high) return;
  throw Error(where + ": " + what + " is " + std::to_string(value) + ", outside " +
              std::to_string(low) + ".." + std::to_string(high));
}

// b is a whole number or one over a whole number.
void CheckBottleneck(const std::string& where, double b) {
  const double ratio = b < 1 ? 1 / b : b;
  if (b > 0 && ratio <= kMaxBottleneck && ratio == std::floor(ratio)) return;
  throw Error(where + ": the bottleneck ratio " + FormatDouble(b) +
              " is neither a whole number up to 64 nor one over such a number (0.25)");
}

void CheckFrame(const Frame& frame, const std::string& where) {
  CheckRange(where, "stem_width", frame.stem_width, 1, kMaxWidth);
  CheckRange(where, "resolution", frame.resolution, 8, kMaxResolution);
  CheckRange(where, "classes", frame.classes, 1, kMaxClasses);
  if (!(frame.se_ratio >= 0 && frame.se_ratio <= 1)) {
    throw Error(where + ": se_ratio is " + FormatDouble(frame.se_ratio) + ", outside 0..1");
  }
  if (frame.se_ratio > 0 && !HasSqueeze(frame.block)) {
    throw Error(where + ": se_ratio is above 0, but block " +
                TextOf<BlockType>(frame.block, kBlocks) + " has no squeeze-and-excitation");
  }
  if (frame.block == BlockType::kMBConv) {
    CheckRange(where, "head_width", frame.head_width, 1, kMaxWidth);
  }
}

void CheckStage(BlockType block, const Stage& stage, const std::string& where) {
  CheckRange(where, "a depth", stage.depth, 1, kMaxDepth);
  CheckRange(where, "a width", stage.width, 1, kMaxWidth);
  CheckRange(where, "a stride", stage.stride, 1, 2);
  if (HasGroups(block)) CheckRange(where, "a group width", stage.group_width, 1, kMaxWidth);
  if (HasBottleneck(block)) CheckBottleneck(where, stage.bottleneck);
  if (block == BlockType::kMBConv) {
    CheckRange(where, "an expansion", stage.expansion, 1, 16);
    if (stage.kernel % 2 == 0) throw Error(where + ": a kernel is even; use 3, 5 or 7");
    CheckRange(where, "a kernel", stage.kernel, 1, 15);
  }
}

// A bound in floating point, far above the exact count, that keeps 63 bits from overflowing.
void CheckSize(const Model& model, const std::string& where) {
  double bound = 0;
  const double pixels = double(model.frame.resolution) * model.frame.resolution;
  double input = model.frame.stem_width;
  for (const Stage& stage : model.stages) {
    const double widest = std::max({input, double(stage.width), double(InnerWidth(stage))}) *
                          (model.frame.block == BlockType::kMBConv ? stage.expansion : 1);
    const double kernel = std::max(9, stage.kernel * stage.kernel);
    bound += 3 * kernel * widest * widest * pixels * stage.depth;
    input = stage.width;
  }
  if (bound > 4e18) throw Error(where + ": the network is too large to count in 63 bits");
}

}  // namespace

const std::span<const Word<BlockType>> kBlockWords = kBlocks;
const std::span<const Word<StemType>> kStemWords = kStems;
const std::span<const Word<Activation>> kActivationWords = kActivations;

int Groups(BlockType block, const Stage& stage) {
  return HasGroups(block) ? InnerWidth(stage) / stage.group_width : 1;
}

int SqueezeWidth(const Frame& frame, int input_width) {
  const double width = frame.se_ratio * input_width;
  return std::max(
      1, static_cast<int>(frame.block == BlockType::kMBConv ? width : RoundHalfEven(width)));
}

int TotalDepth(const Model& model) {
  return std::accumulate(model.stages.begin(), model.stages.end(), 0,
                         [](int sum, const Stage& stage) { return sum + stage.depth; });
}

std::vector<int> BlockWidths(const Model& model) {
  std::vector<int> widths;
  for (const Stage& stage : model.stages) {
    widths.insert(widths.end(), static_cast<size_t>(stage.depth), stage.width);
  }
  return widths;
}

Stage MakeCompatible(BlockType block, Stage stage) {
  if (!HasBottleneck(block)) return stage;
  const double b = stage.bottleneck;
  const int inner = std::max(1, static_cast<int>(stage.width / b));
  const int group = HasGroups(block) ? std::min(stage.group_width, inner) : 1;
  const int multiple = b < 1 ? std::lcm(group, static_cast<int>(RoundHalfEven(1 / b))) : group;
  const double rounded = RoundHalfEven(double(inner) / multiple) * multiple;
  const int compatible = std::max(multiple, static_cast<int>(rounded));
  stage.width = static_cast<int>(compatible * b);
  if (HasGroups(block)) stage.group_width = group;
  return stage;
}

Model ResolveModel(Model model, const std::string& where) {
  Frame& frame = model.frame;
  if (frame.block == BlockType::kX && frame.se_ratio > 0) frame.block = BlockType::kY;
  if (frame.block == BlockType::kY && frame.se_ratio == 0) frame.block = BlockType::kX;
  CheckFrame(frame, where);
  CheckRange(where, "the number of stages", static_cast<int64_t>(model.stages.size()), 1,
             kMaxStages);
  for (Stage& stage : model.stages) {
    CheckStage(frame.block, stage, where);
    stage = MakeCompatible(frame.block, stage);
    CheckStage(frame.block, stage, where);
  }
  CheckSize(model, where);
  return model;
}

int DefaultStemWidth(StemType stem) {
  return stem == StemType::kCifar ? 16 : stem == StemType::kResnet ? 64 : 32;
}

int DefaultStride(StemType stem, int stage_index) {
  const bool keeps = stem == StemType::kCifar || stem == StemType::kResnet;
  return keeps && stage_index == 0 ? 1 : 2;
}

}  // namespace dse
