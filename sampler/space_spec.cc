#include "sampler/space_spec.h"

#include <algorithm>
#include <array>

namespace dse {
namespace {

constexpr std::array<Word<bool>, 2> kTypes{{{"anynet", false}, {"regnet", true}}};
constexpr std::span<const Word<bool>> kTypeWords{kTypes};

bool BlockHas(BlockType block, Parameter parameter) {
  if (parameter == Parameter::kBottleneck) return HasBottleneck(block);
  if (parameter == Parameter::kGroupWidth) return HasGroups(block);
  return true;
}

// The parameters a space must have; lr and weight decay may be there as well.
std::vector<Parameter> NeededParameters(bool regnet, BlockType block) {
  std::vector<Parameter> needed{Parameter::kDepth};
  if (regnet) {
    needed.insert(needed.end(), {Parameter::kW0, Parameter::kWa, Parameter::kWm});
  } else {
    needed.push_back(Parameter::kWidth);
  }
  for (const Parameter parameter : {Parameter::kBottleneck, Parameter::kGroupWidth}) {
    if (BlockHas(block, parameter)) needed.push_back(parameter);
  }
  return needed;
}

Frame ReadFrame(ObjectReader& reader) {
  Frame frame;
  frame.block = reader.OneOf<BlockType>("block", kBlockWords, BlockType::kX);
  if (frame.block == BlockType::kMBConv) {
    reader.Fail("block", "cannot be MBConv: spaces are made of X, Y, R, V, VR or Basic blocks");
  }
  frame.stem = reader.OneOf<StemType>("stem", kStemWords, StemType::kSimple);
  frame.stem_width =
      static_cast<int>(reader.Int("stem_width", 1, kMaxWidth, DefaultStemWidth(frame.stem)));
  frame.resolution = static_cast<int>(reader.Int("resolution", 8, kMaxResolution, 224));
  frame.classes = static_cast<int>(reader.Int("classes", 1, kMaxClasses, 1000));
  frame.activation = reader.OneOf<Activation>("activation", kActivationWords, Activation::kRelu);
  frame.se_ratio = frame.block == BlockType::kY ? 0.25 : 0;
  return frame;
}

std::vector<int> ReadStrides(ObjectReader& reader, StemType stem) {
  const auto stages = static_cast<size_t>(reader.Int("stages", 1, kMaxStages, 4));
  std::vector<int> strides;
  const Json* given = reader.Find("strides");
  if (given == nullptr) {
    for (size_t i = 0; i < stages; ++i) strides.push_back(DefaultStride(stem, static_cast<int>(i)));
    return strides;
  }
  if (!given->is_array() || given->size() != stages) {
    reader.Fail("strides", "must be a list of " + std::to_string(stages) +
                               " numbers, one for each stage, not " + given->dump());
  }
  for (const Json& stride : *given) {
    if (stride != 1 && stride != 2) {
      reader.Fail("strides", "must hold the numbers 1 and 2 alone, not " + stride.dump());
    }
    strides.push_back(stride == 1 ? 1 : 2);
  }
  return strides;
}

// Refuses what `own` says about a parameter the block has not.
void RefuseForeign(const Json& own, const SpaceSpec& spec, const std::string& where) {
  for (const Parameter parameter : {Parameter::kBottleneck, Parameter::kGroupWidth}) {
    if (BlockHas(spec.frame.block, parameter)) continue;
    const char* word = TextOf(parameter, kParameterWords);
    const std::string block = TextOf<BlockType>(spec.frame.block, kBlockWords);
    const auto parameters = own.find("parameters");
    if (parameters != own.end() && parameters->contains(word)) {
      throw Error(where + ": parameters." + word + " has no meaning: block " + block + " has no " +
                  word);
    }
    const auto constraints = own.find("constraints");
    if (constraints == own.end()) continue;
    const Json shared{{"shared", word}};
    const auto found = std::find(constraints->begin(), constraints->end(), shared);
    if (found != constraints->end()) {
      throw Error(where + ": constraints[" + std::to_string(found - constraints->begin()) +
                  "].shared has no meaning: block " + block + " has no " + word);
    }
  }
}

void ReadParameters(const Json& json, const std::string& where, SpaceSpec& spec) {
  ObjectReader reader(json, where);
  std::vector<Parameter> known = NeededParameters(spec.regnet, spec.frame.block);
  for (const Parameter parameter : known) reader.Require(TextOf(parameter, kParameterWords));
  known.insert(known.end(), {Parameter::kLr, Parameter::kWeightDecay});
  for (const Parameter parameter : known) {
    const std::string key = TextOf(parameter, kParameterWords);
    const Json* value = reader.Find(key);
    if (value == nullptr) continue;
    spec.parameters[parameter] = ParseDistribution(*value, reader.Path(key), parameter);
  }
  for (const Parameter parameter : {Parameter::kBottleneck, Parameter::kGroupWidth}) {
    if (!BlockHas(spec.frame.block, parameter)) reader.Find(TextOf(parameter, kParameterWords));
  }
  reader.Finish();
}

void ReadConstraints(const Json& json, const std::string& where, SpaceSpec& spec) {
  for (size_t i = 0; i < json.size(); ++i) {
    const std::string path = where + "[" + std::to_string(i) + "]";
    const Constraint constraint = ParseConstraint(json[i], path);
    if (constraint.kind == ConstraintKind::kShared) {
      if (spec.regnet) {
        throw Error(path + ".shared has no meaning: a regnet draws each parameter once");
      }
      if (!BlockHas(spec.frame.block, constraint.parameter)) continue;
    }
    const auto& seen = spec.constraints;
    if (std::find(seen.begin(), seen.end(), constraint) == seen.end()) {
      spec.constraints.push_back(constraint);
    }
  }
}

}  // namespace

bool SpaceSpec::Shares(Parameter parameter) const {
  return std::any_of(constraints.begin(), constraints.end(), [&](const Constraint& constraint) {
    return constraint.kind == ConstraintKind::kShared && constraint.parameter == parameter;
  });
}

SpaceSpec ParseSpaceSpec(const Json& merged, const Json& own, const std::string& where) {
  ObjectReader reader(merged, where);
  SpaceSpec spec;
  spec.name = reader.String("name");
  spec.regnet = reader.OneOf<bool>("type", kTypeWords);
  spec.frame = ReadFrame(reader);
  spec.strides = ReadStrides(reader, spec.frame.stem);
  const Json& parameters = reader.Require("parameters");
  const Json* constraints = reader.Find("constraints");
  reader.Find("extends");  // merged by now; known, so that it is suggested for a slip
  reader.Finish();
  RefuseForeign(own, spec, where);
  ReadParameters(parameters, reader.Path("parameters"), spec);
  if (constraints != nullptr) ReadConstraints(*constraints, reader.Path("constraints"), spec);
  return spec;
}

Json SpaceSpecToJson(const SpaceSpec& spec) {
  Json parameters = Json::object();
  for (const auto& [parameter, distribution] : spec.parameters) {
    parameters[TextOf(parameter, kParameterWords)] = DistributionToJson(distribution);
  }
  Json constraints = Json::array();
  for (const Constraint& constraint : spec.constraints) {
    constraints.push_back(ConstraintToJson(constraint));
  }
  return {{"name", spec.name},
          {"type", TextOf(spec.regnet, kTypeWords)},
          {"block", TextOf<BlockType>(spec.frame.block, kBlockWords)},
          {"stem", TextOf<StemType>(spec.frame.stem, kStemWords)},
          {"stem_width", spec.frame.stem_width},
          {"resolution", spec.frame.resolution},
          {"classes", spec.frame.classes},
          {"activation", TextOf<Activation>(spec.frame.activation, kActivationWords)},
          {"stages", spec.stages()},
          {"strides", spec.strides},
          {"parameters", parameters},
          {"constraints", constraints}};
}

}  // namespace dse
