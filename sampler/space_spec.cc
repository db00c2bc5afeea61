#include "sampler/space_spec.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

namespace dse {
namespace {

constexpr std::array<Word<SpaceType>, 3> kTypes{{{"anynet", SpaceType::kAnyNet},
                                                 {"regnet", SpaceType::kRegNet},
                                                 {"models", SpaceType::kModels}}};

constexpr int kDefaultResolution = 224;
constexpr int kDefaultClasses = 1000;
constexpr int kDefaultHeadWidth = 1280;  // of EfficientNet-B0

StemType StemOf(const SpaceSpec& spec) {
  const bool mobile = spec.block == BlockType::kMBConv;
  return spec.stem.value_or(mobile ? StemType::kEfficientnet : StemType::kSimple);
}

Json LawToJson(const ParameterLaw& law) {
  if (law.same_as) return {{"same_as", NameOf(*law.same_as)}};
  if (law.by_compute) return kByCompute;
  if (law.by_stage.size() == 1) return DistributionToJson(law.by_stage.front());
  Json list = Json::array();
  for (const Distribution& distribution : law.by_stage) {
    list.push_back(DistributionToJson(distribution));
  }
  return list;
}

Json NumbersToJson(const std::vector<int>& numbers) {
  return numbers.size() == 1 ? Json(numbers.front()) : Json(numbers);
}

void PutFrame(const SpaceSpec& spec, Json& document) {
  const Frame frame = FramesOf(spec).front();
  document["block"] = TextOf<BlockType>(frame.block, kBlockWords);
  document["stem"] = TextOf<StemType>(frame.stem, kStemWords);
  document["stem_width"] = frame.stem_width;
  document["resolution"] =
      spec.resolutions.empty() ? Json(kDefaultResolution) : NumbersToJson(spec.resolutions);
  document["classes"] = frame.classes;
  document["activation"] = TextOf<Activation>(frame.activation, kActivationWords);
  if (HasSqueeze(spec.block)) document["se_ratio"] = Number(frame.se_ratio);
  if (spec.block == BlockType::kMBConv) document["head_width"] = frame.head_width;
  document["stages"] = NumbersToJson(spec.stage_counts);
  document["strides"] = StridesOf(spec);
}

}  // namespace

const std::span<const Word<SpaceType>> kSpaceTypeWords{kTypes};

int SpaceSpec::max_stages() const {
  return *std::max_element(stage_counts.begin(), stage_counts.end());
}

bool SpaceSpec::Shares(Parameter parameter) const {
  return std::any_of(constraints.begin(), constraints.end(), [&](const Constraint& constraint) {
    return constraint.kind == ConstraintKind::kShared && constraint.parameter == parameter;
  });
}

Json SpaceSpecToJson(const SpaceSpec& spec) {
  Json document{{"name", spec.name}, {"type", TextOf(spec.type, kSpaceTypeWords)}};
  if (spec.type == SpaceType::kModels) {
    document["models"] = Json::array();
    for (const Model& model : ModelsOf(spec, spec.name)) {
      document["models"].push_back(ModelToJson(model));
    }
  } else {
    PutFrame(spec, document);
  }
  document["parameters"] = Json::object();
  for (const auto& [parameter, law] : spec.parameters) {
    document["parameters"][NameOf(parameter)] = LawToJson(law);
  }
  document["constraints"] = Json::array();
  for (const Constraint& constraint : spec.constraints) {
    document["constraints"].push_back(ConstraintToJson(constraint));
  }
  return document;
}

std::vector<Frame> FramesOf(const SpaceSpec& spec) {
  const bool mobile = spec.block == BlockType::kMBConv;
  Frame frame;
  frame.block = spec.block;
  frame.stem = StemOf(spec);
  frame.stem_width = spec.stem_width.value_or(DefaultStemWidth(frame.stem));
  frame.classes = spec.classes.value_or(kDefaultClasses);
  frame.activation = spec.activation.value_or(mobile ? Activation::kSwish : Activation::kRelu);
  frame.se_ratio = HasSqueeze(spec.block) ? spec.se_ratio.value_or(0.25) : 0;
  frame.head_width = mobile ? spec.head_width.value_or(kDefaultHeadWidth) : 0;
  std::vector<Frame> frames;
  for (const int resolution :
       spec.resolutions.empty() ? std::vector<int>{kDefaultResolution} : spec.resolutions) {
    frames.push_back(frame);
    frames.back().resolution = resolution;
  }
  return frames;
}

std::vector<int> StridesOf(const SpaceSpec& spec) {
  if (spec.strides) return *spec.strides;
  std::vector<int> strides;
  for (int i = 0; i < spec.max_stages(); ++i) strides.push_back(DefaultStride(StemOf(spec), i));
  return strides;
}

std::vector<Model> ModelsOf(const SpaceSpec& spec, const std::string& where) {
  std::vector<Model> models;
  std::set<std::string> seen;
  for (const Model& listed : spec.models) {
    std::vector<int> resolutions = spec.resolutions;
    if (resolutions.empty()) resolutions.push_back(listed.frame.resolution);
    for (const int resolution : resolutions) {
      Model model = listed;
      model.frame.resolution = resolution;
      model.frame.classes = spec.classes.value_or(listed.frame.classes);
      model.frame.activation = spec.activation.value_or(listed.frame.activation);
      if (resolutions.size() > 1 && !model.name.empty()) {
        model.name += " at " + std::to_string(resolution) + " px";
      }
      models.push_back(ResolveModel(std::move(model), where));
      if (!seen.insert(ModelHash(models.back())).second) {
        throw Error(where + ": models lists the network " +
                    (listed.name.empty() ? ModelHash(listed) : listed.name) + " twice");
      }
    }
  }
  return models;
}

}  // namespace dse
