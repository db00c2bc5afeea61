#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/model.h"
#include "core/regnet.h"

namespace dse {
namespace {

enum class ModelType { kAnyNet, kRegNet };
constexpr Word<ModelType> kTypes[] = {{"anynet", ModelType::kAnyNet},
                                      {"regnet", ModelType::kRegNet}};

Frame ParseFrame(ObjectReader& reader) {
  Frame frame;
  frame.block = reader.OneOf<BlockType>("block", kBlockWords, BlockType::kX);
  const bool mobile = frame.block == BlockType::kMBConv;
  frame.stem = reader.OneOf<StemType>("stem", kStemWords,
                                      mobile ? StemType::kEfficientnet : StemType::kSimple);
  frame.stem_width =
      static_cast<int>(reader.Int("stem_width", 1, kMaxWidth, DefaultStemWidth(frame.stem)));
  frame.resolution = static_cast<int>(reader.Int("resolution", 8, kMaxResolution, 224));
  frame.classes = static_cast<int>(reader.Int("classes", 1, kMaxClasses, 1000));
  frame.activation = reader.OneOf<Activation>("activation", kActivationWords,
                                              mobile ? Activation::kSwish : Activation::kRelu);
  const bool squeezes = HasSqueeze(frame.block);
  frame.se_ratio = reader.Real("se_ratio", 0, 1, squeezes ? 0.25 : 0);
  if (mobile) frame.head_width = static_cast<int>(reader.Int("head_width", 1, kMaxWidth));
  return frame;
}

// A list that may be given as one number. `stages` is the number of stages so far, 0 = unknown.
class StageLists {
 public:
  explicit StageLists(ObjectReader& reader) : reader_(reader) {}

  // Notes the length of the list at `key`, if it is one.
  void Measure(const std::string& key) {
    const Json* value = reader_.Find(key);
    if (value == nullptr || !value->is_array()) return;
    if (value->empty() || value->size() > kMaxStages) {
      reader_.Fail(key, "must have 1 to " + std::to_string(kMaxStages) + " numbers, not " +
                            std::to_string(value->size()));
    }
    if (stages_ != 0 && value->size() != stages_) {
      reader_.Fail(key, "has " + std::to_string(value->size()) + " numbers where '" +
                            measured_key_ + "' has " + std::to_string(stages_));
    }
    stages_ = value->size();
    measured_key_ = key;
  }

  size_t stages() const { return stages_; }

  // The number of stage `index` at `key`; a whole one unless `fractions` are allowed.
  double At(const std::string& key, size_t index, double low, double high, bool fractions = false) {
    const Json& value = reader_.Require(key);
    const Json& number = value.is_array() ? value[index] : value;
    const bool right = number.is_number() && number.get<double>() >= low &&
                       number.get<double>() <= high &&
                       (fractions || number.get<double>() == std::floor(number.get<double>()));
    if (!right) {
      const std::string at = value.is_array() ? "[" + std::to_string(index) + "]" : "";
      reader_.Fail(key + at, std::string("must be a ") + (fractions ? "" : "whole ") +
                                 "number from " + Number(low).dump() + " to " +
                                 Number(high).dump() + ", not " + number.dump());
    }
    return number.get<double>();
  }
  int IntAt(const std::string& key, size_t index, int low, int high, int fallback) {
    return reader_.Find(key) ? static_cast<int>(At(key, index, low, high)) : fallback;
  }

 private:
  ObjectReader& reader_;
  size_t stages_ = 0;
  std::string measured_key_;
};

std::vector<Stage> ParseStages(ObjectReader& reader, const Frame& frame) {
  StageLists lists(reader);
  const bool mobile = frame.block == BlockType::kMBConv;
  std::vector<std::string> keys = {"depths", "widths", "strides"};
  if (HasBottleneck(frame.block)) keys.push_back("bottleneck");
  if (HasGroups(frame.block)) keys.push_back("group_widths");
  if (mobile) keys.insert(keys.end(), {"kernels", "expansions"});
  for (const std::string& key : keys) lists.Measure(key);
  reader.Require("depths");
  reader.Require("widths");
  if (lists.stages() == 0) reader.Fail("depths", "must be a list with a number for each stage");
  std::vector<Stage> stages(lists.stages());
  for (size_t i = 0; i < stages.size(); ++i) {
    Stage& stage = stages[i];
    stage.depth = static_cast<int>(lists.At("depths", i, 1, kMaxDepth));
    stage.width = static_cast<int>(lists.At("widths", i, 1, kMaxWidth));
    stage.stride = lists.IntAt("strides", i, 1, 2, DefaultStride(frame.stem, static_cast<int>(i)));
    if (HasBottleneck(frame.block) && reader.Find("bottleneck")) {
      stage.bottleneck = lists.At("bottleneck", i, 1.0 / 64, 64, true);
    }
    if (HasGroups(frame.block)) stage.group_width = lists.IntAt("group_widths", i, 1, kMaxWidth, 1);
    if (mobile) {
      stage.kernel = lists.IntAt("kernels", i, 1, 15, 3);
      stage.expansion = lists.IntAt("expansions", i, 1, 16, 6);
    }
  }
  return stages;
}

RegNetParameters ParseRegNetParameters(ObjectReader& reader, BlockType block) {
  RegNetParameters regnet;
  regnet.depth = static_cast<int>(reader.Int("depth", 1, kMaxDepth));
  regnet.w0 = reader.Real("w0", 8, kMaxWidth);
  regnet.wa = reader.Real("wa", 0, kMaxWidth);
  regnet.wm = reader.Real("wm", 1.0001, 100);
  if (HasBottleneck(block)) regnet.bottleneck = reader.Real("bottleneck", 1.0 / 64, 64, 1);
  if (HasGroups(block)) {
    regnet.group_width = static_cast<int>(reader.Int("group_width", 1, kMaxWidth, 1));
  }
  return regnet;
}

Model ParseAnyNet(ObjectReader& reader, Model model) {
  model.stages = ParseStages(reader, model.frame);
  if (const Json* regnet = reader.Find("regnet")) {
    ObjectReader parameters(*regnet, reader.Path("regnet"));
    model.regnet = ParseRegNetParameters(parameters, model.frame.block);
    parameters.Finish();
  }
  reader.Finish();
  return ResolveModel(std::move(model), reader.where());
}

Model ParseRegNet(ObjectReader& reader, const Model& model) {
  const RegNetParameters parameters = ParseRegNetParameters(reader, model.frame.block);
  const auto stages = static_cast<int>(reader.Int("stages", 0, kMaxStages, 4));
  const Json* strides = reader.Find("strides");
  reader.Finish();
  Model resolved = RegNetModel(model.frame, parameters, stages, reader.where());
  resolved.name = model.name;
  if (strides != nullptr) {
    StageLists lists(reader);
    lists.Measure("strides");
    if (lists.stages() != 0 && lists.stages() != resolved.stages.size()) {
      reader.Fail("strides", "must have " + std::to_string(resolved.stages.size()) + " numbers");
    }
    for (size_t i = 0; i < resolved.stages.size(); ++i) {
      resolved.stages[i].stride = static_cast<int>(lists.At("strides", i, 1, 2));
    }
  }
  return resolved;
}

}  // namespace

Model ParseModel(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  const ModelType type = reader.OneOf<ModelType>("type", kTypes, ModelType::kAnyNet);
  Model model;
  model.name = reader.String("name", "");
  model.frame = ParseFrame(reader);
  return type == ModelType::kAnyNet ? ParseAnyNet(reader, std::move(model))
                                    : ParseRegNet(reader, model);
}

}  // namespace dse
