#include "runner/training/weight_differences.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace dse {
namespace {

// A kind of network as a library builds it.
struct LibraryKind {
  std::string name;
  Activation activation = Activation::kRelu;
  int stem_stride = 2;
  std::vector<int> strides;  // of the stages' first blocks; empty: as the caller likes
};

int StemStride(const Frame& frame) { return frame.stem == StemType::kCifar ? 1 : 2; }

bool HasWidths(const Model& model, const std::vector<int>& widths) {
  return std::equal(model.stages.begin(), model.stages.end(), widths.begin(), widths.end(),
                    [](const Stage& stage, int width) { return stage.width == width; });
}

// torchvision's class has these widths and no others.
bool IsResnet(const Model& model) {
  const Frame& frame = model.frame;
  if (frame.stem_width != 64) return false;
  if (frame.block == BlockType::kBasic) return HasWidths(model, {64, 128, 256, 512});
  return (frame.block == BlockType::kX || frame.block == BlockType::kR) &&
         HasWidths(model, {256, 512, 1024, 2048});
}

// Whether there are so many stages and each changes the width, as in every named EfficientNet: no
// stride decides there whether a block has a shortcut.
bool HasNewWidths(const Model& model, size_t stages) {
  int width = model.frame.stem_width;
  return model.stages.size() == stages &&
         std::all_of(model.stages.begin(), model.stages.end(), [&](const Stage& stage) {
           return std::exchange(width, stage.width) != stage.width;
         });
}

std::optional<LibraryKind> KindOf(const Model& model, WeightNames names) {
  const Frame& frame = model.frame;
  const std::string library = names == WeightNames::kTimm ? "timm's " : "torchvision's ";
  if (frame.stem == StemType::kResnet) {
    if (names == WeightNames::kTimm || !IsResnet(model)) return {};
    return LibraryKind{library + "ResNet", Activation::kRelu, 2, {1, 2, 2, 2}};
  }
  if (frame.block == BlockType::kMBConv) {
    if (frame.stem != StemType::kEfficientnet || frame.head_width == 0) return {};
    LibraryKind kind{library + "EfficientNet", Activation::kSwish, 2, {}};
    if (HasNewWidths(model, 7)) kind.strides = {1, 2, 2, 2, 1, 2, 1};
    return kind;
  }
  if (!HasBottleneck(frame.block)) return {};
  return LibraryKind{library + "RegNet", Activation::kRelu, 2,
                     std::vector<int>(model.stages.size(), 2)};
}

// Whether a stage's first block changes the shape, and so has a projection or no shortcut.
bool ChangesShape(int width_in, const Stage& stage, int stride) {
  return width_in != stage.width || stride != 1;
}

// Projections show in the keys: where ours are elsewhere the weights do not load.
bool HasItsKeys(const Model& model, const LibraryKind& kind) {
  if (model.frame.block == BlockType::kMBConv) return true;
  int width = model.frame.stem_width;
  for (size_t s = 0; s < model.stages.size(); ++s) {
    const Stage& stage = model.stages[s];
    if (ChangesShape(width, stage, stage.stride) != ChangesShape(width, stage, kind.strides[s])) {
      return false;
    }
    width = stage.width;
  }
  return true;
}

const char* ModuleOf(Activation activation) {
  return activation == Activation::kSwish ? "torch.nn.SiLU" : "torch.nn.ReLU";
}

void CompareActivation(const Model& model, const LibraryKind& kind,
                       std::vector<WeightDifference>& differences) {
  if (model.frame.activation == kind.activation) return;
  const std::string theirs = ModuleOf(kind.activation), ours = ModuleOf(model.frame.activation);
  differences.push_back({kind.name + " has the activation " + theirs + " and this network " + ours,
                         "[setattr(m, n, " + ours +
                             "()) for m in list(net.modules()) for n, c in "
                             "list(m.named_children()) if isinstance(c, " +
                             theirs + ")]"});
}

// The module of a convolution of ours, by the library's name.
std::string ModuleName(const Model& model, WeightNames names, const std::string& conv) {
  std::string name = PublishedName(model, names, conv + ".weight");
  name.resize(name.size() - std::string(".weight").size());
  return name;
}

// Our names of the convolutions that have the stride of a stage.
std::vector<std::string> StridedConvs(BlockType block, size_t stage, bool projection) {
  const std::string number = std::to_string(stage + 1);
  const std::string prefix = "trunk_output.block" + number + ".block" + number + "-0.";
  if (block == BlockType::kMBConv) return {prefix + "f.dw.0"};
  std::vector<std::string> convs{prefix + (HasBottleneck(block) ? "f.b.0" : "f.a.0")};
  if (projection) convs.push_back(prefix + "proj.0");
  return convs;
}

void CompareStrides(const Model& model, WeightNames names, const LibraryKind& kind,
                    std::vector<WeightDifference>& differences) {
  const Frame& frame = model.frame;
  std::string strides;
  const auto add = [&](const std::string& conv, int stride) {
    strides += (strides.empty() ? "'" : ", '") + ModuleName(model, names, conv) +
               "': " + std::to_string(stride);
  };
  if (StemStride(frame) != kind.stem_stride) add("stem.0", StemStride(frame));
  int width = frame.stem_width;
  for (size_t s = 0; s < kind.strides.size(); ++s) {
    const Stage& stage = model.stages[s];
    const bool changes = ChangesShape(width, stage, stage.stride);
    if (stage.stride != kind.strides[s]) {
      for (const std::string& conv : StridedConvs(frame.block, s, changes)) add(conv, stage.stride);
    }
    width = stage.width;
  }
  if (strides.empty()) return;
  differences.push_back(
      {kind.name + " has other strides than this network",
       "[setattr(net.get_submodule(n), 'stride', (s, s)) for n, s in {" + strides + "}.items()]"});
}

// Those of torchvision's EfficientNets that it builds with an epsilon of 1e-3 (torchvision 0.26,
// efficientnet_b5 to efficientnet_b7).
struct WideEpsilon {
  const char* name;
  int stem_width;
  std::vector<int> depths;
  std::vector<int> widths;
};

void CompareEpsilon(const Model& model, std::vector<WeightDifference>& differences) {
  static const WideEpsilon kNetworks[] = {
      {"efficientnet_b5", 48, {3, 5, 5, 7, 7, 9, 3}, {24, 40, 64, 128, 176, 304, 512}},
      {"efficientnet_b6", 56, {3, 6, 6, 8, 8, 11, 3}, {32, 40, 72, 144, 200, 344, 576}},
      {"efficientnet_b7", 64, {4, 7, 7, 10, 10, 13, 4}, {32, 48, 80, 160, 224, 384, 640}}};
  for (const WideEpsilon& network : kNetworks) {
    const bool same_depths = std::equal(
        model.stages.begin(), model.stages.end(), network.depths.begin(), network.depths.end(),
        [](const Stage& stage, int depth) { return stage.depth == depth; });
    if (model.frame.stem_width != network.stem_width || !same_depths ||
        !HasWidths(model, network.widths)) {
      continue;
    }
    differences.push_back({std::string("torchvision's ") + network.name +
                               " has a batch-norm epsilon of 1e-3 and this network 1e-5",
                           "[setattr(m, 'eps', 1e-5) for m in net.modules() if isinstance(m, "
                           "torch.nn.BatchNorm2d)]"});
  }
}

}  // namespace

std::vector<WeightDifference> LibraryDifferences(const Model& model, WeightNames names) {
  const std::optional<LibraryKind> kind = KindOf(model, names);
  if (!kind || !HasItsKeys(model, *kind)) return {};
  std::vector<WeightDifference> differences;
  CompareActivation(model, *kind, differences);
  CompareStrides(model, names, *kind, differences);
  if (model.frame.block == BlockType::kMBConv) CompareEpsilon(model, differences);
  return differences;
}

std::vector<std::string> TellDifferences(std::span<const Model> models, WeightNames names) {
  struct Kind {
    std::string network;  // the first that has it
    std::string python;
    int64_t more = 0;
  };
  std::vector<std::string> order;
  std::map<std::string, Kind> kinds;
  for (const Model& model : models) {
    for (const WeightDifference& difference : LibraryDifferences(model, names)) {
      const std::string network = model.name.empty() ? ModelHash(model) : model.name;
      const auto [found, fresh] =
          kinds.try_emplace(difference.what, Kind{network, difference.python, 0});
      if (fresh) {
        order.push_back(difference.what);
      } else if (found->second.network != network) {
        ++found->second.more;
      }
    }
  }
  std::vector<std::string> sentences;
  for (const std::string& what : order) {
    const Kind& kind = kinds.at(what);
    std::string whose = kind.network;
    if (kind.more > 0) whose += " and of " + std::to_string(kind.more) + " more";
    sentences.push_back("kept weights of " + whose + ": " + what +
                        "; they load there and compute something else until, in Python, " +
                        kind.python);
  }
  return sentences;
}

}  // namespace dse
