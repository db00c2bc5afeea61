// Networks as pycls' configurations describe them, read.

#include "db/exchange/pycls_model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/regnet.h"

namespace dse {
namespace {

enum class PyclsBlock { kBottleneck, kVanilla, kBasic };
constexpr Word<StemType> kPyclsStems[] = {{"simple_stem_in", StemType::kSimple},
                                          {"res_stem_cifar", StemType::kCifar},
                                          {"res_stem_in", StemType::kResnet}};
constexpr Word<PyclsBlock> kPyclsBlocks[] = {{"res_bottleneck_block", PyclsBlock::kBottleneck},
                                             {"vanilla_block", PyclsBlock::kVanilla},
                                             {"res_basic_block", PyclsBlock::kBasic}};
constexpr Word<Activation> kPyclsActivations[] = {
    {"relu", Activation::kRelu}, {"silu", Activation::kSwish}, {"swish", Activation::kSwish}};

const Json kNoKeys = Json::object();

const Json& Section(const Json& config, const char* name) {
  const auto at = config.find(name);
  return at == config.end() ? kNoKeys : *at;
}

// A list of numbers with an entry for each stage; `count` is 0 for the first list read.
std::vector<double> StageList(ObjectReader& section, const char* key, size_t count) {
  const Json& list = section.Require(key);
  if (!list.is_array() || list.empty() || list.size() > kMaxStages) {
    section.Fail(key, "must be a list of 1 to " + std::to_string(kMaxStages) + " numbers");
  }
  if (count != 0 && list.size() != count) {
    section.Fail(key, "has " + std::to_string(list.size()) + " numbers for " +
                          std::to_string(count) + " stages");
  }
  std::vector<double> numbers;
  for (const Json& item : list) {
    const bool fits = item.is_number() && item.get<double>() > 0 && item.get<double>() <= kMaxWidth;
    if (!fits) section.Fail(key, "must hold numbers above 0, not " + item.dump());
    numbers.push_back(item.get<double>());
  }
  return numbers;
}

std::vector<int> WholeList(ObjectReader& section, const char* key, size_t count) {
  std::vector<int> numbers;
  for (const double number : StageList(section, key, count)) {
    if (number != std::floor(number)) section.Fail(key, "must hold whole numbers");
    numbers.push_back(static_cast<int>(number));
  }
  return numbers;
}

// b of a multiplier 1/b.
double BottleneckOf(double multiplier) {
  const double b = 1 / multiplier;
  return std::fabs(b - std::round(b)) < 1e-9 ? std::round(b) : b;
}

// What the sections ANYNET and REGNET share. Stages are as pycls builds them: nothing is rounded
// any more.
struct Body {
  StemType stem = StemType::kSimple;
  int stem_width = 32;
  PyclsBlock block = PyclsBlock::kBottleneck;
  double se_ratio = 0;  // 0 = off
  std::vector<Stage> stages;
};

Body ReadBody(ObjectReader& section) {
  Body body;
  body.stem = section.OneOf<StemType>("STEM_TYPE", kPyclsStems, StemType::kSimple);
  body.stem_width = static_cast<int>(section.Int("STEM_W", 1, kMaxWidth, 32));
  body.block = section.OneOf<PyclsBlock>("BLOCK_TYPE", kPyclsBlocks, PyclsBlock::kBottleneck);
  if (section.Bool("SE_ON", false) && body.block == PyclsBlock::kBottleneck) {
    body.se_ratio = section.Real("SE_R", 0, 1, 0.25);
  }
  if (section.Int("HEAD_W", 0, kMaxWidth, 0) > 0) {
    section.Fail("HEAD_W", "is above 0: a convolution before pooling belongs to MBConv here");
  }
  return body;
}

Body ReadAnyNet(const Json& json) {
  ObjectReader section(json, "cfg.ANYNET");
  Body body = ReadBody(section);
  const std::vector<int> depths = WholeList(section, "DEPTHS", 0);
  const size_t count = depths.size();
  const std::vector<int> widths = WholeList(section, "WIDTHS", count);
  const std::vector<int> strides = WholeList(section, "STRIDES", count);
  std::vector<double> multipliers;
  std::vector<int> groups;
  if (body.block == PyclsBlock::kBottleneck) {
    multipliers = StageList(section, "BOT_MULS", count);
    groups = WholeList(section, "GROUP_WS", count);
  }
  for (size_t i = 0; i < count; ++i) {
    Stage stage;
    stage.depth = depths[i];
    stage.width = widths[i];
    stage.stride = strides[i];
    if (!groups.empty()) {
      stage.bottleneck = BottleneckOf(multipliers[i]);
      stage.group_width = groups[i];
    }
    body.stages.push_back(stage);
  }
  return body;
}

RegNetParameters ReadRegNetParameters(ObjectReader& section) {
  RegNetParameters r;
  r.depth = static_cast<int>(section.Int("DEPTH", 1, kMaxDepth, 10));
  r.w0 = static_cast<double>(section.Int("W0", 8, kMaxWidth, 32));
  r.wa = section.Real("WA", 0, kMaxWidth, 5.0);
  r.wm = section.Real("WM", 1.0001, 100, 2.5);
  r.bottleneck = BottleneckOf(section.Real("BOT_MUL", 1.0 / 64, 64, 1.0));
  r.group_width = static_cast<int>(section.Int("GROUP_W", 1, kMaxWidth, 16));
  return r;
}

// Blocks of equal width are one stage, which RegNetStages would refuse.
std::vector<Stage> RegNetStagesOf(const RegNetParameters& r, int stride) {
  const auto depth = static_cast<size_t>(r.depth);
  std::vector<int> widths(depth), levels(depth);
  RegNetBlockWidths(r.w0, r.wa, r.wm, widths, levels);
  std::vector<Stage> stages;
  for (size_t i = 0; i < depth; ++i) {
    if (i > 0 && widths[i] == widths[i - 1]) {
      ++stages.back().depth;
      continue;
    }
    Stage stage;
    stage.width = widths[i];
    stage.stride = stride;
    stage.bottleneck = r.bottleneck;
    stage.group_width = r.group_width;
    stages.push_back(stage);
  }
  for (Stage& stage : stages) {
    if (stage.width < 1 || stage.width > kMaxWidth) {
      throw Error("cfg.REGNET: a width is outside 1.." + std::to_string(kMaxWidth));
    }
    stage = MakeCompatible(BlockType::kX, stage);
  }
  return stages;
}

Body ReadRegNet(const Json& json, std::optional<RegNetParameters>& parameters) {
  ObjectReader section(json, "cfg.REGNET");
  Body body = ReadBody(section);
  parameters = ReadRegNetParameters(section);
  body.stages = RegNetStagesOf(*parameters, static_cast<int>(section.Int("STRIDE", 1, 2, 2)));
  return body;
}

Frame ReadFrame(const Json& config, bool mobile) {
  ObjectReader model(Section(config, "MODEL"), "cfg.MODEL");
  ObjectReader train(Section(config, "TRAIN"), "cfg.TRAIN");
  Frame frame;
  frame.classes = static_cast<int>(model.Int("NUM_CLASSES", 1, kMaxClasses, 10));
  frame.resolution = static_cast<int>(train.Int("IM_SIZE", 8, kMaxResolution, 224));
  // Before there was such a key, EfficientNets had Swish.
  frame.activation = model.OneOf<Activation>("ACTIVATION_FUN", kPyclsActivations,
                                             mobile ? Activation::kSwish : Activation::kRelu);
  return frame;
}

bool OneGroupEach(const std::vector<Stage>& stages) {
  return std::ranges::all_of(stages, [](const Stage& s) { return s.group_width == InnerWidth(s); });
}

// Resolving must leave the network as pycls builds it.
Model ResolveExactly(Model model) {
  const std::vector<Stage> stages = model.stages;
  model = ResolveModel(std::move(model), "cfg");
  if (model.stages != stages) {
    throw Error("cfg: widths, bottlenecks and group widths do not divide each other");
  }
  return model;
}

Model MakeModel(Frame frame, Body body) {
  frame.stem = body.stem;
  frame.stem_width = body.stem_width;
  frame.se_ratio = body.se_ratio;
  switch (body.block) {
    case PyclsBlock::kVanilla:
      frame.block = BlockType::kV;
      for (Stage& stage : body.stages) stage.depth *= 2;
      break;
    case PyclsBlock::kBasic:
      frame.block = BlockType::kBasic;
      break;
    case PyclsBlock::kBottleneck:
      frame.block = body.se_ratio > 0           ? BlockType::kY
                    : OneGroupEach(body.stages) ? BlockType::kR
                                                : BlockType::kX;
  }
  for (Stage& stage : body.stages) {
    if (!HasBottleneck(frame.block)) stage.bottleneck = 1;
    if (!HasGroups(frame.block)) stage.group_width = 1;
  }
  Model model;
  model.frame = frame;
  model.stages = std::move(body.stages);
  return ResolveExactly(std::move(model));
}

Model ReadMobile(const Json& json, Frame frame) {
  ObjectReader section(json, "cfg.EN");
  frame.block = BlockType::kMBConv;
  frame.stem = StemType::kEfficientnet;
  frame.stem_width = static_cast<int>(section.Int("STEM_W", 1, kMaxWidth, 32));
  frame.se_ratio = section.Real("SE_R", 0, 1, 0.25);
  frame.head_width = static_cast<int>(section.Int("HEAD_W", 1, kMaxWidth, 1280));
  Model model;
  model.frame = frame;
  const std::vector<int> depths = WholeList(section, "DEPTHS", 0);
  const std::vector<int> widths = WholeList(section, "WIDTHS", depths.size());
  const std::vector<int> strides = WholeList(section, "STRIDES", depths.size());
  const std::vector<int> kernels = WholeList(section, "KERNELS", depths.size());
  const std::vector<int> expansions = WholeList(section, "EXP_RATIOS", depths.size());
  for (size_t i = 0; i < depths.size(); ++i) {
    Stage stage;
    stage.depth = depths[i];
    stage.width = widths[i];
    stage.stride = strides[i];
    stage.kernel = kernels[i];
    stage.expansion = expansions[i];
    model.stages.push_back(stage);
  }
  return ResolveExactly(std::move(model));
}

// The parameters that pycls left beside the AnyNet it made of a RegNet, if they are its own. The
// section of other AnyNets may hold anything.
std::optional<RegNetParameters> KeptParameters(const Json& config, const Model& model) {
  const auto at = config.find("REGNET");
  if (at == config.end() || !HasGroups(model.frame.block)) return {};
  try {
    ObjectReader section(*at, "cfg.REGNET");
    const RegNetParameters r = ReadRegNetParameters(section);
    std::vector<Stage> stages = RegNetStagesOf(r, 2);
    if (stages.size() != model.stages.size()) return {};
    for (size_t i = 0; i < stages.size(); ++i) stages[i].stride = model.stages[i].stride;
    if (stages != model.stages) return {};
    return r;
  } catch (const Error&) {
    return {};
  }
}

Model ReadModel(const Json& config) {
  const Json& section = Section(config, "MODEL");
  ObjectReader model_section(section, "cfg.MODEL");
  const std::string type = model_section.String("TYPE", "");
  const Frame frame = ReadFrame(config, type == "effnet");
  if (type == "effnet") return ReadMobile(Section(config, "EN"), frame);
  if (type == "anynet") {
    Model model = MakeModel(frame, ReadAnyNet(Section(config, "ANYNET")));
    model.regnet = KeptParameters(config, model);
    return model;
  }
  if (type != "regnet") {
    throw Error("cfg.MODEL.TYPE is '" + type + "', none of anynet, regnet, effnet");
  }
  std::optional<RegNetParameters> parameters;
  Model model = MakeModel(frame, ReadRegNet(Section(config, "REGNET"), parameters));
  model.regnet = parameters;
  return model;
}

}  // namespace

PyclsModel ModelOfPycls(const Json& config) {
  // What ResolveModel and the readers refuse is what cannot be said: a reason, no failure.
  try {
    return {ReadModel(config), ""};
  } catch (const Error& error) {
    return {{}, error.what()};
  }
}

}  // namespace dse
