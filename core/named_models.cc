#include "core/named_models.h"

#include <cctype>

#include "core/regnet.h"
#include "core/suggest.h"

namespace dse {
namespace {

struct NamedRegNet {
  const char* name;
  int depth;
  double w0, wa, wm;
  int group_width;
};

// Tables of the paper's appendix; b = 1 throughout, Y with squeeze ratio 0.25.
constexpr NamedRegNet kRegNets[] = {
    {"regnetx-200mf", 13, 24, 36.44, 2.49, 8},    {"regnetx-400mf", 22, 24, 24.48, 2.54, 16},
    {"regnetx-600mf", 16, 48, 36.97, 2.24, 24},   {"regnetx-800mf", 16, 56, 35.73, 2.28, 16},
    {"regnetx-1.6gf", 18, 80, 34.01, 2.25, 24},   {"regnetx-3.2gf", 25, 88, 26.31, 2.25, 48},
    {"regnetx-4.0gf", 23, 96, 38.65, 2.43, 40},   {"regnetx-6.4gf", 17, 184, 60.83, 2.07, 56},
    {"regnetx-8.0gf", 23, 80, 49.56, 2.88, 120},  {"regnetx-12gf", 19, 168, 73.36, 2.37, 112},
    {"regnetx-16gf", 22, 216, 55.59, 2.1, 128},   {"regnetx-32gf", 23, 320, 69.86, 2.0, 168},
    {"regnety-200mf", 13, 24, 36.44, 2.49, 8},    {"regnety-400mf", 16, 48, 27.89, 2.09, 8},
    {"regnety-600mf", 15, 48, 32.54, 2.32, 16},   {"regnety-800mf", 14, 56, 38.84, 2.4, 16},
    {"regnety-1.6gf", 27, 48, 20.71, 2.65, 24},   {"regnety-3.2gf", 21, 80, 42.63, 2.66, 24},
    {"regnety-4.0gf", 22, 96, 31.41, 2.24, 64},   {"regnety-6.4gf", 25, 112, 33.22, 2.27, 72},
    {"regnety-8.0gf", 17, 192, 76.82, 2.19, 56},  {"regnety-12gf", 19, 168, 73.36, 2.37, 112},
    {"regnety-16gf", 18, 200, 106.23, 2.48, 112}, {"regnety-32gf", 20, 232, 115.89, 2.53, 232}};

struct NamedResNet {
  const char* name;
  BlockType block;
  int depths[4];
};

// ResNet (He et al. 2016): block R, b = 4. ResNeXt 32x4d (Xie et al. 2017): block X, b = 2.
constexpr NamedResNet kResNets[] = {
    {"resnet-50", BlockType::kR, {3, 4, 6, 3}},    {"resnet-101", BlockType::kR, {3, 4, 23, 3}},
    {"resnet-152", BlockType::kR, {3, 8, 36, 3}},  {"resnext-50", BlockType::kX, {3, 4, 6, 3}},
    {"resnext-101", BlockType::kX, {3, 4, 23, 3}}, {"resnext-152", BlockType::kX, {3, 8, 36, 3}}};

struct NamedEfficientNet {
  const char* name;
  int stem_width;
  int depths[7];
  int widths[7];
  int head_width;
  int resolution;
};

// EfficientNet (Tan and Le 2019).
constexpr NamedEfficientNet kEfficientNets[] = {
    {"efficientnet-b0", 32, {1, 2, 2, 3, 3, 4, 1}, {16, 24, 40, 80, 112, 192, 320}, 1280, 224},
    {"efficientnet-b1", 32, {2, 3, 3, 4, 4, 5, 2}, {16, 24, 40, 80, 112, 192, 320}, 1280, 240},
    {"efficientnet-b2", 32, {2, 3, 3, 4, 4, 5, 2}, {16, 24, 48, 88, 120, 208, 352}, 1408, 260},
    {"efficientnet-b3", 40, {2, 3, 3, 5, 5, 6, 2}, {24, 32, 48, 96, 136, 232, 384}, 1536, 300},
    {"efficientnet-b4", 48, {2, 4, 4, 6, 6, 8, 2}, {24, 32, 56, 112, 160, 272, 448}, 1792, 380},
    {"efficientnet-b5", 48, {3, 5, 5, 7, 7, 9, 3}, {24, 40, 64, 128, 176, 304, 512}, 2048, 456}};

Model MakeRegNet(const NamedRegNet& row) {
  Frame frame;
  if (row.name[6] == 'y') {
    frame.block = BlockType::kY;
    frame.se_ratio = 0.25;
  }
  const RegNetParameters parameters{row.depth, row.w0, row.wa, row.wm, 1, row.group_width};
  return RegNetModel(frame, parameters, 4, row.name);
}

Model MakeResNet(const NamedResNet& row) {
  constexpr int kWidths[] = {256, 512, 1024, 2048};
  constexpr int kGroupWidths[] = {4, 8, 16, 32};
  const bool grouped = row.block == BlockType::kX;
  Model model;
  model.frame.block = row.block;
  model.frame.stem = StemType::kResnet;
  model.frame.stem_width = DefaultStemWidth(StemType::kResnet);
  for (int i = 0; i < 4; ++i) {
    Stage stage;
    stage.depth = row.depths[i];
    stage.width = kWidths[i];
    stage.stride = DefaultStride(StemType::kResnet, i);
    stage.bottleneck = grouped ? 2 : 4;
    if (grouped) stage.group_width = kGroupWidths[i];
    model.stages.push_back(stage);
  }
  return ResolveModel(std::move(model), row.name);
}

Model MakeEfficientNet(const NamedEfficientNet& row) {
  constexpr int kExpansions[] = {1, 6, 6, 6, 6, 6, 6};
  constexpr int kKernels[] = {3, 3, 5, 3, 5, 5, 3};
  constexpr int kStrides[] = {1, 2, 2, 2, 1, 2, 1};
  Model model;
  model.frame = {BlockType::kMBConv,
                 StemType::kEfficientnet,
                 row.stem_width,
                 row.resolution,
                 1000,
                 Activation::kSwish,
                 0.25,
                 row.head_width};
  for (int i = 0; i < 7; ++i) {
    Stage stage;
    stage.depth = row.depths[i];
    stage.width = row.widths[i];
    stage.stride = kStrides[i];
    stage.kernel = kKernels[i];
    stage.expansion = kExpansions[i];
    model.stages.push_back(stage);
  }
  return ResolveModel(std::move(model), row.name);
}

// Calls visit(name, make) for every table row until it answers true.
template <typename Visit>
void VisitRows(Visit visit) {
  for (const NamedRegNet& row : kRegNets) {
    if (visit(row.name, [&] { return MakeRegNet(row); })) return;
  }
  for (const NamedResNet& row : kResNets) {
    if (visit(row.name, [&] { return MakeResNet(row); })) return;
  }
  for (const NamedEfficientNet& row : kEfficientNets) {
    if (visit(row.name, [&] { return MakeEfficientNet(row); })) return;
  }
}

}  // namespace

std::string CanonicalName(std::string_view name) {
  std::string canonical;
  for (const char c : name) {
    if (c == '-' || c == '_') continue;
    canonical += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return canonical;
}

const std::vector<std::string>& ModelNames() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    VisitRows([&](const char* name, auto) {
      all.push_back(name);
      return false;
    });
    return all;
  }();
  return names;
}

Model NamedModel(std::string_view name) {
  const std::string wanted = CanonicalName(name);
  std::optional<Model> model;
  VisitRows([&](const char* row_name, auto make) {
    if (CanonicalName(row_name) != wanted) return false;
    model = make();
    model->name = row_name;
    return true;
  });
  if (!model) {
    throw Error("no model is named '" + std::string(name) + "'" + DidYouMean(name, ModelNames()));
  }
  return *std::move(model);
}

}  // namespace dse
