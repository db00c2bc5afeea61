#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

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

// Puts the sections of `more` into those of `config`.
void MergeConfig(const Json& more, Json& config);

// As a file that pycls' load_cfg reads: sections of scalars and lists.
std::string PyclsYaml(const Json& config);

}  // namespace dse
