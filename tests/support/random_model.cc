#include "tests/support/random_model.h"

#include <algorithm>
#include <array>

namespace dse {
namespace {

int Between(RandomStream& random, int low, int high) {
  return low + static_cast<int>(random.Below(static_cast<uint64_t>(high - low + 1)));
}

double RandomSqueezeRatio(BlockType block, RandomStream& random) {
  if (!HasSqueeze(block)) return 0;
  if (block == BlockType::kMBConv && Between(random, 0, 3) == 0) return 0;
  return random.Coin() ? 0.25 : random.Uniform(0.01, 1);
}

Stage RandomStage(BlockType block, RandomStream& random) {
  Stage stage;
  stage.depth = Between(random, 1, 6);
  stage.width = Between(random, 1, 300);
  stage.stride = Between(random, 1, 2);
  if (HasBottleneck(block)) {
    const double ratio = Between(random, 1, 4);
    stage.bottleneck = random.Coin() ? ratio : 1 / ratio;
  }
  if (HasGroups(block)) stage.group_width = Between(random, 1, 48);
  if (block == BlockType::kMBConv) {
    stage.kernel = 2 * Between(random, 0, 3) + 1;
    stage.expansion = Between(random, 1, 6);
  }
  return stage;
}

}  // namespace

Model RandomModel(BlockType block, RandomStream& random) {
  Model model;
  Frame& frame = model.frame;
  frame.block = block;
  frame.stem = std::array{StemType::kSimple, StemType::kCifar, StemType::kResnet,
                          StemType::kEfficientnet}[random.Below(4)];
  frame.stem_width = Between(random, 1, 64);
  frame.resolution = Between(random, 8, 256);
  frame.classes = Between(random, 1, 1000);
  frame.activation = random.Coin() ? Activation::kRelu : Activation::kSwish;
  frame.se_ratio = RandomSqueezeRatio(block, random);
  if (block == BlockType::kMBConv) frame.head_width = Between(random, 1, 1280);
  for (int stages = Between(random, 1, 5); stages > 0; --stages) {
    model.stages.push_back(RandomStage(block, random));
  }
  return ResolveModel(std::move(model), "random");
}

Model SmallModel(BlockType block, RandomStream& random) {
  Model model = RandomModel(block, random);
  Frame& frame = model.frame;
  frame.resolution = Between(random, 8, 32);
  frame.stem_width = 1 + frame.stem_width % 24;
  frame.classes = 2 + frame.classes % 9;
  if (frame.head_width > 0) frame.head_width = 1 + frame.head_width % 64;
  model.stages.resize(std::min<size_t>(3, model.stages.size()));
  for (Stage& stage : model.stages) {
    stage.depth = 1 + stage.depth % 2;
    stage.width = 1 + stage.width % 40;
    stage.group_width = 1 + stage.group_width % 12;
    stage.expansion = 1 + stage.expansion % 3;
  }
  return ResolveModel(std::move(model), "small");
}

}  // namespace dse
