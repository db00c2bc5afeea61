#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/draw.h"
#include "core/json.h"
#include "core/model.h"

namespace dse {

// Networks and training settings in the words of pycls, the authors' training program: its
// configuration as a document of sections, {"MODEL": {"TYPE": "anynet", ..}, "ANYNET": {..}, ..}.
// There BOT_MULS are 1/b of the paper, a vanilla_block is two blocks V, and R is a bottleneck block
// whose group width is its whole inner width. Numbers keep the type that pycls asks for: whole or
// not.

// Either `config` or the reason why pycls has no such network.
struct PyclsConfig {
  std::optional<Json> config;
  std::string why_not;
};
// Sections MODEL, TRAIN.IM_SIZE, TEST.IM_SIZE, and ANYNET (X, Y, R, V, Basic) or EN (MBConv);
// REGNET too where the model has these parameters. `model` must be resolved.
PyclsConfig PyclsConfigOf(const Model& model);

// Either `model` or the reason why it is no network of ours.
struct PyclsModel {
  std::optional<Model> model;
  std::string why_not;
};
// The resolved network of a configuration of type anynet, regnet or effnet; absent keys have the
// defaults of pycls. A RegNet has its parameters, also one that pycls wrote out as an AnyNet.
PyclsModel ModelOfPycls(const Json& config);

// What a recipe with these values of a member comes to in pycls, and the recipe's keys that pycls
// has no word for. `recipe` is a recipe's document with every key, or {} where it is not known;
// then only lr and weight decay are told, at 128 images a step.
struct PyclsTraining {
  Json config;
  std::vector<std::string> left_out;
};
PyclsTraining PyclsTrainingOf(const Json& recipe, const Overrides& effective);

// Puts the sections of `more` into those of `config`.
void MergeConfig(const Json& more, Json& config);

// As a file that pycls' load_cfg reads: sections of scalars and lists.
std::string PyclsYaml(const Json& config);

}  // namespace dse
