#include "sampler/built_in_spaces.h"

#include <array>
#include <nlohmann/json.hpp>

#include "core/named_models.h"
#include "sampler/space.h"

namespace dse {
namespace {

struct BuiltInSource {
  const char* name;  // with X for the block
  const char* text;
};

// Section 3.2 (AnyNet), section 3.3 (RegNet), section 4 (constrained) and section 5 (final) of the
// paper.
constexpr std::array<BuiltInSource, 8> kSources{{
    {"AnyNetXA", R"json({
      "type": "anynet", "block": "X", "stem": "simple",
      "resolution": 224, "classes": 1000, "activation": "relu", "stages": 4,
      "parameters": {
        "depth": {"distribution": "log_uniform", "low": 1, "high": 16, "step": 1},
        "width": {"distribution": "log_uniform", "low": 8, "high": 1024, "step": 8},
        "bottleneck": {"distribution": "power_of_two", "low": 1, "high": 4},
        "group_width": {"distribution": "power_of_two", "low": 1, "high": 32}
      },
      "constraints": []
    })json"},
    {"AnyNetXB", R"json({
      "extends": "AnyNetXA", "constraints": [{"shared": "bottleneck"}]
    })json"},
    {"AnyNetXC", R"json({
      "extends": "AnyNetXB", "constraints": [{"shared": "group_width"}]
    })json"},
    {"AnyNetXD", R"json({
      "extends": "AnyNetXC", "constraints": [{"non_decreasing": "width"}]
    })json"},
    {"AnyNetXE", R"json({
      "extends": "AnyNetXD", "constraints": [{"non_decreasing": "depth"}]
    })json"},
    {"RegNetX", R"json({
      "type": "regnet", "block": "X", "stem": "simple",
      "resolution": 224, "classes": 1000, "activation": "relu", "stages": 4,
      "parameters": {
        "depth": {"distribution": "uniform", "low": 1, "high": 63, "step": 1},
        "w0": {"distribution": "log_uniform", "low": 8, "high": 256, "step": 8},
        "wa": {"distribution": "log_uniform", "low": 8, "high": 256, "step": 0.1},
        "wm": {"distribution": "log_uniform", "low": 1.5, "high": 3, "step": 0.001},
        "bottleneck": {"distribution": "power_of_two", "low": 1, "high": 4},
        "group_width": {"distribution": "power_of_two", "low": 1, "high": 32}
      },
      "constraints": []
    })json"},
    {"RegNetX-constrained", R"json({
      "extends": "RegNetX",
      "parameters": {
        "depth": {"distribution": "uniform", "low": 1, "high": 40, "step": 1},
        "wm": {"distribution": "log_uniform", "low": 2, "high": 3, "step": 0.001},
        "bottleneck": 1
      },
      "constraints": [{"params_at_most": {"m": 3, "m_per_gf": 5.5}},
                      {"acts_at_most": {"m_per_sqrt_gf": 6.5}}]
    })json"},
    {"RegNetX-final", R"json({
      "extends": "RegNetX-constrained",
      "parameters": {"depth": {"distribution": "uniform", "low": 12, "high": 28, "step": 1}}
    })json"},
}};

constexpr std::array<const char*, 5> kBlocks{"X", "Y", "R", "V", "VR"};

// "AnyNetXA" with another block: "AnyNetYA".
std::string NameWithBlock(const std::string& name, const std::string& block) {
  std::string changed = name;
  return changed.replace(changed.find('X'), 1, block);
}

}  // namespace

const std::vector<std::string>& BuiltInSpaceNames() {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> names;
    for (const char* block : kBlocks) {
      for (const BuiltInSource& source : kSources)
        names.push_back(NameWithBlock(source.name, block));
    }
    return names;
  }();
  return kNames;
}

std::optional<BuiltInSpace> FindBuiltInSpace(std::string_view name) {
  const std::string wanted = CanonicalName(name);
  for (const char* block : kBlocks) {
    for (const BuiltInSource& source : kSources) {
      const std::string listed = NameWithBlock(source.name, block);
      if (CanonicalName(listed) != wanted) continue;
      if (std::string_view(block) != "X") {
        return BuiltInSpace{listed, {{"name", listed}, {"extends", source.name}, {"block", block}}};
      }
      Json document = ParseJson(source.text, "space " + listed);
      document["name"] = listed;
      return BuiltInSpace{listed, std::move(document)};
    }
  }
  return {};
}

}  // namespace dse
