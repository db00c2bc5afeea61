#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/model.h"
#include "sampler/constraint.h"
#include "sampler/distribution.h"
#include "sampler/parameter.h"

namespace dse {

enum class SpaceType {
  kAnyNet,  // each stage's parameters are drawn
  kRegNet,  // a RegNet's parameters are drawn
  kModels   // one of a list of models is drawn
};

extern const std::span<const Word<SpaceType>> kSpaceTypeWords;

// The word for group widths that go by compute.
inline constexpr const char* kByCompute = "by_compute";

// How one parameter is drawn.
struct ParameterLaw {
  std::vector<Distribution> by_stage;  // one for all stages, or one for each; empty for the others
  std::optional<Parameter> same_as;    // w0 and wa: takes the value of the other one
  bool by_compute = false;             // group width: its range grows with the network's flops
  friend bool operator==(const ParameterLaw&, const ParameterLaw&) = default;
};

// A space's document, typed. What is optional follows from block, stem and stages where it is not
// given.
struct SpaceSpec {
  std::string name;
  SpaceType type = SpaceType::kAnyNet;
  BlockType block = BlockType::kX;
  std::optional<StemType> stem;
  std::optional<int> stem_width;
  std::optional<Activation> activation;
  std::optional<double> se_ratio;  // blocks Y and MBConv
  std::optional<int> head_width;   // block MBConv
  std::optional<int> classes;
  std::vector<int> resolutions;      // each equally likely; empty = the default
  std::vector<int> stage_counts{4};  // each equally likely; a RegNet with another one is rejected
  std::optional<std::vector<int>> strides;  // one for each stage of the largest count
  std::map<Parameter, ParameterLaw> parameters;
  std::vector<Constraint> constraints;  // each once, in order of first appearance
  std::vector<Model> models;            // kModels alone: as listed, before classes and so on

  int max_stages() const;
  bool Shares(Parameter parameter) const;
};

// Reads a document on top of the space it extends (nullptr: none): its members replace those of
// `base`, parameters do so one by one, constraints are added to those of `base` or removed from
// them. What was inherited and the block has not is dropped, what the document itself says of it is
// refused. Throws Error with the path of what is wrong; `where` names the document.
SpaceSpec ParseSpaceSpec(const Json& document, const SpaceSpec* base, const std::string& where);

// The document that stands alone: every default written out.
Json SpaceSpecToJson(const SpaceSpec& spec);

// What the networks of an AnyNet or RegNet space have in common, one frame for each resolution.
std::vector<Frame> FramesOf(const SpaceSpec& spec);
// The stride of each stage of the largest network.
std::vector<int> StridesOf(const SpaceSpec& spec);
// The models of a kModels space with its resolutions, classes and activation, each named "NAME" or
// "NAME at R px". Throws Error (starting with `where`) if two are the same network.
std::vector<Model> ModelsOf(const SpaceSpec& spec, const std::string& where);

}  // namespace dse
