#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/named_models.h"
#include "sampler/space_spec.h"

namespace dse {
namespace {

constexpr size_t kMaxModels = 10'000;  // at one resolution or several, in all
constexpr size_t kMaxConstraints = 1'000;

// The parameters a network of the space has.
std::vector<Parameter> NetworkParameters(const SpaceSpec& spec) {
  if (spec.type == SpaceType::kModels) return {};
  std::vector<Parameter> has{Parameter::kDepth};
  if (spec.type == SpaceType::kRegNet) {
    has.insert(has.end(), {Parameter::kW0, Parameter::kWa, Parameter::kWm});
  } else {
    has.push_back(Parameter::kWidth);
  }
  for (const Parameter parameter : {Parameter::kBottleneck, Parameter::kGroupWidth,
                                    Parameter::kKernel, Parameter::kExpansion}) {
    if (BlockHas(spec.block, parameter)) has.push_back(parameter);
  }
  return has;
}

void RefuseForBlock(const SpaceSpec& spec, const std::string& path, const std::string& what) {
  throw Error(path + " has no meaning: block " + TextOf<BlockType>(spec.block, kBlockWords) +
              " has no " + what);
}

// A whole number, or a list of different ones.
std::vector<int> ReadNumbers(ObjectReader& reader, const std::string& key, int low, int high) {
  const Json& value = reader.Require(key);
  if (!value.is_array()) return {static_cast<int>(reader.Int(key, low, high))};
  std::vector<int> numbers;
  for (const Json& item : value) {
    const bool whole = item.is_number_integer() && item >= low && item <= high;
    if (!whole || std::count(numbers.begin(), numbers.end(), item.get<int>()) > 0) {
      numbers.clear();
      break;
    }
    numbers.push_back(item.get<int>());
  }
  if (numbers.empty()) {
    reader.Fail(key, "must be a whole number from " + std::to_string(low) + " to " +
                         std::to_string(high) + " or a list of different ones, not " +
                         value.dump());
  }
  return numbers;
}

void ReadType(ObjectReader& reader, const SpaceSpec* base, SpaceSpec& spec) {
  if (base == nullptr) {
    spec.type = reader.OneOf<SpaceType>("type", kSpaceTypeWords);
  } else if (reader.OneOf<SpaceType>("type", kSpaceTypeWords, base->type) != base->type) {
    reader.Fail("type", "cannot be changed: the space it extends is of type " +
                            std::string(TextOf(base->type, kSpaceTypeWords)));
  }
}

// What fixed models can be given as well.
void ReadCommon(ObjectReader& reader, SpaceSpec& spec) {
  if (reader.Find("resolution")) {
    spec.resolutions = ReadNumbers(reader, "resolution", 8, kMaxResolution);
  }
  if (reader.Find("classes")) {
    spec.classes = static_cast<int>(reader.Int("classes", 1, kMaxClasses));
  }
  if (reader.Find("activation")) {
    spec.activation = reader.OneOf<Activation>("activation", kActivationWords);
  }
}

void ReadSqueezeAndHead(ObjectReader& reader, SpaceSpec& spec) {
  if (reader.Find("se_ratio")) {
    if (!HasSqueeze(spec.block)) {
      RefuseForBlock(spec, reader.Path("se_ratio"), "squeeze-and-excitation (Y has)");
    }
    spec.se_ratio = reader.Real("se_ratio", spec.block == BlockType::kY ? 1e-3 : 0, 1);
  }
  if (reader.Find("head_width")) {
    if (spec.block != BlockType::kMBConv) {
      RefuseForBlock(spec, reader.Path("head_width"), "head of its own (MBConv has)");
    }
    spec.head_width = static_cast<int>(reader.Int("head_width", 1, kMaxWidth));
  }
}

void ReadStrides(ObjectReader& reader, SpaceSpec& spec) {
  if (const Json* given = reader.Find("strides")) {
    spec.strides.emplace();
    for (const Json& stride : given->is_array() ? *given : Json::array()) {
      if (stride != 1 && stride != 2) {
        reader.Fail("strides", "must hold the numbers 1 and 2 alone, not " + stride.dump());
      }
      spec.strides->push_back(stride == 1 ? 1 : 2);
    }
  }
  if (spec.strides && static_cast<int>(spec.strides->size()) != spec.max_stages()) {
    reader.Fail("strides", "must be a list of " + std::to_string(spec.max_stages()) +
                               " numbers, one for each stage, not " + Json(*spec.strides).dump());
  }
}

void ReadFrame(ObjectReader& reader, SpaceSpec& spec) {
  spec.block = reader.OneOf<BlockType>("block", kBlockWords, spec.block);
  if (reader.Find("stem")) spec.stem = reader.OneOf<StemType>("stem", kStemWords);
  if (reader.Find("stem_width")) {
    spec.stem_width = static_cast<int>(reader.Int("stem_width", 1, kMaxWidth));
  }
  ReadSqueezeAndHead(reader, spec);
  if (reader.Find("stages")) spec.stage_counts = ReadNumbers(reader, "stages", 1, kMaxStages);
  ReadStrides(reader, spec);
}

void ReadModels(ObjectReader& reader, SpaceSpec& spec) {
  if (spec.models.empty()) reader.Require("models");
  const Json* list = reader.Find("models");
  if (list == nullptr) return;
  if (!list->is_array() || list->empty() || list->size() > kMaxModels) {
    reader.Fail("models", "must be a list of 1 to " + std::to_string(kMaxModels) +
                              " names of models or model documents");
  }
  spec.models.clear();
  for (const Json& item : *list) {
    const std::string path = reader.Path("models") + "[" + std::to_string(spec.models.size()) + "]";
    if (!item.is_string()) {
      spec.models.push_back(ParseModel(item, path));
      continue;
    }
    try {
      spec.models.push_back(NamedModel(item.get<std::string>()));
    } catch (const Error& error) {
      throw Error(path + ": " + error.what());
    }
  }
}

void CheckModelCount(const SpaceSpec& spec, const std::string& where) {
  const size_t count = spec.models.size() * std::max<size_t>(1, spec.resolutions.size());
  if (count <= kMaxModels) return;
  throw Error(where + ": " + std::to_string(spec.models.size()) + " models at " +
              std::to_string(spec.resolutions.size()) + " resolutions are " +
              std::to_string(count) + " networks, over " + std::to_string(kMaxModels));
}

// {"same_as": "w0"}
Parameter ReadSameAs(const Json& json, const std::string& path, Parameter parameter) {
  ObjectReader reader(json, path);
  const Parameter other = reader.OneOf<Parameter>("same_as", kParameterWords);
  reader.Finish();
  const bool possible = (parameter == Parameter::kW0 && other == Parameter::kWa) ||
                        (parameter == Parameter::kWa && other == Parameter::kW0);
  if (!possible) throw Error(path + ".same_as: only w0 and wa can be the same as each other");
  return other;
}

ParameterLaw ReadLaw(const Json& json, const std::string& path, Parameter parameter,
                     const SpaceSpec& spec) {
  ParameterLaw law;
  if (json.is_object() && json.contains("same_as")) {
    law.same_as = ReadSameAs(json, path, parameter);
  } else if (json == kByCompute && parameter == Parameter::kGroupWidth) {
    law.by_compute = true;
  } else if (json.is_array()) {
    const bool staged =
        spec.type == SpaceType::kAnyNet && static_cast<int>(parameter) < kStageParameterCount;
    if (!staged)
      throw Error(path + " must not be a list: the network has one " + NameOf(parameter));
    if (json.size() > kMaxStages) {
      throw Error(path + " has " + std::to_string(json.size()) + " entries; no network has over " +
                  std::to_string(kMaxStages) + " stages");
    }
    for (const Json& item : json) {
      const std::string at = path + "[" + std::to_string(law.by_stage.size()) + "]";
      law.by_stage.push_back(ParseDistribution(item, at, parameter));
    }
    if (law.by_stage.empty()) throw Error(path + " must not be empty");
  } else {
    law.by_stage.push_back(ParseDistribution(json, path, parameter));
  }
  return law;
}

void ReadParameters(const Json& json, const std::string& where, SpaceSpec& spec) {
  ObjectReader reader(json, where);
  std::vector<Parameter> known = NetworkParameters(spec);
  known.insert(known.end(), {Parameter::kLr, Parameter::kWeightDecay});
  for (const Parameter parameter : known) {
    const std::string key = NameOf(parameter);
    if (const Json* value = reader.Find(key)) {
      spec.parameters[parameter] = ReadLaw(*value, reader.Path(key), parameter, spec);
    }
  }
  for (int i = 0; spec.type != SpaceType::kModels && i < kStageParameterCount; ++i) {
    const auto parameter = static_cast<Parameter>(i);
    if (!BlockHas(spec.block, parameter) && reader.Find(NameOf(parameter))) {
      RefuseForBlock(spec, reader.Path(NameOf(parameter)), NameOf(parameter));
    }
  }
  reader.Finish();
}

const Json& RequireList(const Json& json, const std::string& where) {
  if (!json.is_array()) throw Error(where + " must be a list");
  if (json.size() > kMaxConstraints) {
    throw Error(where + " has " + std::to_string(json.size()) + " entries, over " +
                std::to_string(kMaxConstraints));
  }
  return json;
}

void ReadRemovals(const Json& json, const std::string& where, SpaceSpec& spec) {
  for (size_t i = 0; i < RequireList(json, where).size(); ++i) {
    const std::string path = where + "[" + std::to_string(i) + "]";
    const auto found =
        std::find(spec.constraints.begin(), spec.constraints.end(), ParseConstraint(json[i], path));
    if (found != spec.constraints.end()) {
      spec.constraints.erase(found);
      continue;
    }
    Json inherited = Json::array();
    for (const Constraint& constraint : spec.constraints) {
      inherited.push_back(ConstraintToJson(constraint));
    }
    throw Error(path + " is not among the inherited constraints, which are " + inherited.dump());
  }
}

void ReadConstraints(const Json& json, const std::string& where, SpaceSpec& spec) {
  for (size_t i = 0; i < RequireList(json, where).size(); ++i) {
    const std::string path = where + "[" + std::to_string(i) + "]";
    const Constraint constraint = ParseConstraint(json[i], path);
    if (constraint.kind == ConstraintKind::kShared) {
      if (spec.type == SpaceType::kRegNet) {
        throw Error(path + ".shared has no meaning: a regnet draws each parameter once");
      }
      if (spec.type == SpaceType::kModels) {
        throw Error(path + ".shared has no meaning: the stages of the models are given");
      }
      if (!BlockHas(spec.block, constraint.parameter)) {
        RefuseForBlock(spec, path + ".shared", NameOf(constraint.parameter));
      }
    }
    const auto& seen = spec.constraints;
    if (std::find(seen.begin(), seen.end(), constraint) == seen.end()) {
      spec.constraints.push_back(constraint);
    }
  }
}

// What another block than the inherited one has not.
void DropForeign(SpaceSpec& spec) {
  std::erase_if(spec.parameters,
                [&](const auto& entry) { return !BlockHas(spec.block, entry.first); });
  std::erase_if(spec.constraints, [&](const Constraint& constraint) {
    return constraint.kind == ConstraintKind::kShared &&
           !BlockHas(spec.block, constraint.parameter);
  });
  if (!HasSqueeze(spec.block)) spec.se_ratio.reset();
  if (spec.block != BlockType::kMBConv) spec.head_width.reset();
}

// w0 and wa, where one is the same as the other.
void CheckSameAs(const SpaceSpec& spec, const std::string& where) {
  for (const auto& [parameter, law] : spec.parameters) {
    if (!law.same_as) continue;
    const ParameterLaw& other = spec.parameters.at(*law.same_as);
    if (other.same_as) {
      throw Error(where + ": w0 and wa are each the same as the other; give one of them a law");
    }
    const Distribution& d = other.by_stage.front();
    const double least = d.kind == DistributionKind::kChoice
                             ? *std::min_element(d.values.begin(), d.values.end())
                             : d.low;
    if (least < RangeOf(parameter).low) {
      throw Error(where + "." + NameOf(*law.same_as) + " may be below " +
                  Number(RangeOf(parameter).low).dump() + ", which " + NameOf(parameter) +
                  ", the same, may not");
    }
  }
}

// What can be told only of the whole.
void CheckParameters(const SpaceSpec& spec, const std::string& where) {
  for (const Parameter parameter : NetworkParameters(spec)) {
    if (!spec.parameters.contains(parameter)) {
      throw Error(where + ": the key '" + NameOf(parameter) + "' is missing");
    }
  }
  for (const auto& [parameter, law] : spec.parameters) {
    if (law.by_stage.size() < 2) continue;
    const std::string path = where + "." + NameOf(parameter);
    if (static_cast<int>(law.by_stage.size()) != spec.max_stages()) {
      throw Error(path + " has " + std::to_string(law.by_stage.size()) + " entries for " +
                  std::to_string(spec.max_stages()) + " stages");
    }
    if (spec.Shares(parameter)) {
      throw Error(path + " is a list with an entry for each stage, but a constraint shares it");
    }
  }
  CheckSameAs(spec, where);
}

}  // namespace

SpaceSpec ParseSpaceSpec(const Json& document, const SpaceSpec* base, const std::string& where) {
  ObjectReader reader(document, where);
  SpaceSpec spec = base ? *base : SpaceSpec();
  spec.name = reader.String("name");
  reader.Find("extends");  // followed by now; known, so that it is suggested for a slip
  ReadType(reader, base, spec);
  ReadCommon(reader, spec);
  if (spec.type == SpaceType::kModels) {
    ReadModels(reader, spec);
    CheckModelCount(spec, where);
  } else {
    ReadFrame(reader, spec);
  }
  const Json* parameters = reader.Find("parameters");
  const Json* removals = reader.Find("remove_constraints");
  const Json* constraints = reader.Find("constraints");
  reader.Finish();
  if (spec.type != SpaceType::kModels) DropForeign(spec);
  if (parameters) ReadParameters(*parameters, reader.Path("parameters"), spec);
  if (removals) ReadRemovals(*removals, reader.Path("remove_constraints"), spec);
  if (constraints) ReadConstraints(*constraints, reader.Path("constraints"), spec);
  CheckParameters(spec, reader.Path("parameters"));
  return spec;
}

}  // namespace dse
