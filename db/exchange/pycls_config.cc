#include "db/exchange/pycls_config.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/regnet.h"

namespace dse {
namespace {

const char* StemWord(StemType stem) {
  switch (stem) {
    case StemType::kCifar:
      return "res_stem_cifar";
    case StemType::kResnet:
      return "res_stem_in";
    default:
      return "simple_stem_in";
  }
}

const char* BlockWord(BlockType block) {
  switch (block) {
    case BlockType::kV:
      return "vanilla_block";
    case BlockType::kBasic:
      return "res_basic_block";
    default:
      return "res_bottleneck_block";
  }
}

// The narrowest input of any block.
int NarrowestInput(const Model& model) {
  int width = model.frame.stem_width;
  for (const Stage& stage : model.stages) width = std::min(width, stage.width);
  return width;
}

// "" where pycls has the network.
std::string WhyNot(const Model& model) {
  const Frame& frame = model.frame;
  if (frame.block == BlockType::kVR) return "pycls has no block VR";
  if (frame.block == BlockType::kV) {
    for (const Stage& stage : model.stages) {
      if (stage.depth % 2 != 0) return "pycls has blocks V only in pairs, and a depth is odd";
    }
  }
  if (frame.block == BlockType::kMBConv && frame.stem != StemType::kEfficientnet &&
      frame.stem != StemType::kSimple) {
    return "pycls has blocks MBConv only behind a 3x3 stem of stride 2";
  }
  // Ours have at least one channel.
  if (HasSqueeze(frame.block)) {
    const double narrowest = frame.se_ratio * NarrowestInput(model);
    const bool cut = frame.block == BlockType::kMBConv;
    if ((cut ? std::floor(narrowest) : RoundHalfEven(narrowest)) < 1) {
      return "pycls rounds a squeeze-and-excitation to no channels";
    }
  }
  return "";
}

Json AnyNetSection(const Model& model) {
  const Frame& frame = model.frame;
  Json section = {{"STEM_TYPE", StemWord(frame.stem)},
                  {"STEM_W", frame.stem_width},
                  {"BLOCK_TYPE", BlockWord(frame.block)}};
  for (const char* key : {"DEPTHS", "WIDTHS", "STRIDES", "BOT_MULS", "GROUP_WS"}) {
    section[key] = Json::array();
  }
  for (const Stage& stage : model.stages) {
    section["DEPTHS"].push_back(frame.block == BlockType::kV ? stage.depth / 2 : stage.depth);
    section["WIDTHS"].push_back(stage.width);
    section["STRIDES"].push_back(stage.stride);
    if (!HasBottleneck(frame.block)) continue;
    section["BOT_MULS"].push_back(1 / stage.bottleneck);
    section["GROUP_WS"].push_back(HasGroups(frame.block) ? stage.group_width : InnerWidth(stage));
  }
  if (frame.block == BlockType::kY) {
    section["SE_ON"] = true;
    section["SE_R"] = frame.se_ratio;
  }
  return section;
}

Json MobileSection(const Model& model) {
  Json section = {{"STEM_W", model.frame.stem_width},
                  {"SE_R", model.frame.se_ratio},
                  {"HEAD_W", model.frame.head_width}};
  for (const Stage& stage : model.stages) {
    section["DEPTHS"].push_back(stage.depth);
    section["WIDTHS"].push_back(stage.width);
    section["STRIDES"].push_back(stage.stride);
    section["KERNELS"].push_back(stage.kernel);
    section["EXP_RATIOS"].push_back(stage.expansion);
  }
  return section;
}

// What its sweeps keep beside the AnyNet they made of it. pycls takes whole multiples of 8 for W0.
std::optional<Json> RegNetSection(const Model& model) {
  if (!model.regnet || !HasGroups(model.frame.block)) return {};
  const RegNetParameters& r = *model.regnet;
  if (r.w0 / 8 != std::floor(r.w0 / 8)) return {};
  Json section = {{"DEPTH", r.depth},
                  {"W0", static_cast<int>(r.w0)},
                  {"WA", r.wa},
                  {"WM", r.wm},
                  {"GROUP_W", r.group_width},
                  {"BOT_MUL", 1 / r.bottleneck},
                  {"STEM_TYPE", StemWord(model.frame.stem)},
                  {"STEM_W", model.frame.stem_width}};
  if (model.frame.block == BlockType::kY) {
    section["SE_ON"] = true;
    section["SE_R"] = model.frame.se_ratio;
  }
  return section;
}

// Section 6: photographs are tested on the centre of an image with short side 2 round(4r/7).
int TestSize(int resolution) {
  if (resolution < 64) return resolution;
  return 2 * static_cast<int>(RoundHalfEven(4.0 * resolution / 7));
}

// A number as YAML 1.1 reads it: "5e-05" is a text there, "5.0e-05" a number.
std::string YamlNumber(const Json& value) {
  std::string text = value.dump();
  const size_t exponent = text.find('e');
  if (value.is_number_float() && exponent != text.npos && text.find('.') == text.npos) {
    text.insert(exponent, ".0");
  }
  return text;
}

std::string YamlValue(const Json& value) {
  if (value.is_number()) return YamlNumber(value);
  if (!value.is_array()) {  // JSON's truth values are YAML, and its texts where they are ASCII
    return value.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
  }
  std::string text = "[";
  for (const Json& item : value) text += (text.size() > 1 ? ", " : "") + YamlValue(item);
  return text + "]";
}

}  // namespace

PyclsConfig PyclsConfigOf(const Model& model) {
  std::string why_not = WhyNot(model);
  if (!why_not.empty()) return {{}, std::move(why_not)};
  const Frame& frame = model.frame;
  const bool mobile = frame.block == BlockType::kMBConv;
  Json config = {
      {"MODEL", {{"TYPE", mobile ? "effnet" : "anynet"}, {"NUM_CLASSES", frame.classes}}},
      {"TRAIN", {{"IM_SIZE", frame.resolution}}},
      {"TEST", {{"IM_SIZE", TestSize(frame.resolution)}}}};
  // Older versions know relu alone and have no such key.
  if (frame.activation == Activation::kSwish) config["MODEL"]["ACTIVATION_FUN"] = "silu";
  config[mobile ? "EN" : "ANYNET"] = mobile ? MobileSection(model) : AnyNetSection(model);
  if (const std::optional<Json> regnet = RegNetSection(model)) config["REGNET"] = *regnet;
  return {std::move(config), ""};
}

void MergeConfig(const Json& more, Json& config) { config.merge_patch(more); }

std::string PyclsYaml(const Json& config) {
  std::string text;
  for (const auto& [name, section] : config.items()) {
    if (!section.is_object()) {
      text += name + ": " + YamlValue(section) + "\n";
      continue;
    }
    text += name + ":\n";
    for (const auto& [key, value] : section.items()) {
      text += "  " + key + ": " + YamlValue(value) + "\n";
    }
  }
  return text;
}

}  // namespace dse
