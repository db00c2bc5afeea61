#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace dse {

// The blocks of the paper (Figure 4 and appendix) and of CIFAR ResNets; the README of this folder
// draws each of them.
enum class BlockType { kX, kY, kR, kV, kVR, kBasic, kMBConv };
enum class StemType { kSimple, kCifar, kResnet, kEfficientnet };
enum class Activation { kRelu, kSwish };

extern const std::span<const Word<BlockType>> kBlockWords;
extern const std::span<const Word<StemType>> kStemWords;
extern const std::span<const Word<Activation>> kActivationWords;

// What a block has. A field of Stage that its block has not keeps its default.
constexpr bool HasGroups(BlockType block) {
  return block == BlockType::kX || block == BlockType::kY;
}
constexpr bool HasBottleneck(BlockType block) { return HasGroups(block) || block == BlockType::kR; }
constexpr bool HasProjection(BlockType block) {  // every residual block but MBConv
  return block != BlockType::kV && block != BlockType::kMBConv;
}
constexpr bool HasSqueeze(BlockType block) {
  return block == BlockType::kY || block == BlockType::kMBConv;
}

// Bounds every model keeps; together with the check in ResolveModel they keep all counts inside 63
// bits.
inline constexpr int kMaxStages = 8;
inline constexpr int kMaxDepth = 512;
inline constexpr int kMaxWidth = 16384;
inline constexpr int kMaxResolution = 1024;
inline constexpr int kMaxClasses = 1'000'000;

// A run of identical blocks; the first one carries the stride and the change of width.
struct Stage {
  int depth = 1;          // blocks
  int width = 0;          // output channels of each block
  int stride = 2;         // of the first block
  double bottleneck = 1;  // the paper's b: inner width = width / b; 1/4 widens
  int group_width = 1;    // the paper's g: channels per group of the 3x3
  int kernel = 3;         // MBConv only
  int expansion = 1;      // MBConv only
  friend bool operator==(const Stage&, const Stage&) = default;
};

// Everything about a network but its stages: shared by all members of most spaces.
struct Frame {
  BlockType block = BlockType::kX;
  StemType stem = StemType::kSimple;
  int stem_width = 32;
  int resolution = 224;  // input height and width in pixels
  int classes = 1000;
  Activation activation = Activation::kRelu;
  double se_ratio = 0;  // squeeze width / block input width; 0.25 for Y
  int head_width = 0;   // MBConv only: width of the 1x1 before pooling
  friend bool operator==(const Frame&, const Frame&) = default;
};

// The six parameters of a RegNet (section 3.3 of the paper).
struct RegNetParameters {
  int depth = 0;
  double w0 = 0;
  double wa = 0;
  double wm = 0;
  double bottleneck = 1;
  int group_width = 1;
  friend bool operator==(const RegNetParameters&, const RegNetParameters&) = default;
};

// One network. "Resolved": strides, group compatibility and every default are applied, so two equal
// networks are equal bytes. All functions below but ParseModel expect resolved models.
struct Model {
  std::string name;  // free text, not part of the network
  Frame frame;
  std::vector<Stage> stages;
  std::optional<RegNetParameters> regnet;  // what the stages were made from, where they were
};

// Channels inside the block: width / b, whole for resolved stages.
inline int InnerWidth(const Stage& stage) {
  return static_cast<int>(stage.width / stage.bottleneck + 0.5);  // a whole number but for rounding
}
// Groups of the 3x3 convolution of a stage of `block`.
int Groups(BlockType block, const Stage& stage);
// Width of the squeeze for a block with `input_width` channels: ratio * input_width, rounded
// half-even (cut for MBConv, as EfficientNet does), at least 1.
int SqueezeWidth(const Frame& frame, int input_width);
int TotalDepth(const Model& model);
// The width of each of the network's blocks, first to last.
std::vector<int> BlockWidths(const Model& model);

// The authors' rule for widths that bottleneck and groups divide: v = max(1, int(w/b)), g = min(g,
// v), m = lcm(g, 1/b) if b < 1 else g, v = max(m, round(v/m)*m), w = int(v*b), rounding half to
// even. Blocks without groups use g = 1; blocks without bottleneck are left alone.
Stage MakeCompatible(BlockType block, Stage stage);

// Applies MakeCompatible to every stage, turns X with a squeeze ratio into Y (and Y without one
// into X), checks every bound above. `where` starts the messages. Throws Error.
Model ResolveModel(Model model, const std::string& where);

// The frame's own defaults: stem width by stem (32, 16, 64), strides 2, the first one 1 for the
// cifar and resnet stems.
int DefaultStemWidth(StemType stem);
int DefaultStride(StemType stem, int stage_index);

// Reads model JSON of type "anynet" or "regnet" (README of this folder) and resolves it. `where`
// names the document. Throws Error with the path of what is wrong.
Model ParseModel(const Json& json, const std::string& where);

// Appends the resolved JSON of type "anynet" to `text`: keys sorted, no spaces, those a block has
// not left out. kAll adds what is no part of the network, `name` and `regnet`, where present.
enum class ModelPart { kNetwork, kAll };
void AppendModel(const Model& model, ModelPart part, std::string& text);

// The same with `name` and `regnet` as a document.
Json ModelToJson(const Model& model);

// The model's identity: the first 16 hex digits of the SHA-256 of its JSON without name and regnet.
std::string ModelHash(const Model& model);

}  // namespace dse
