#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "sampler/space.h"

namespace dse::built_in_spaces_test {
namespace {

Json Document(const std::string& name) { return Space::Load(name).document(); }

TEST_CASE("Every space of the paper is built in for each of its blocks") {
  const std::vector<std::string>& names = BuiltInSpaceNames();
  CHECK(names.size() == 40);
  CHECK(std::vector<std::string>(names.begin(), names.begin() + 8) ==
        std::vector<std::string>{"AnyNetXA", "AnyNetXB", "AnyNetXC", "AnyNetXD", "AnyNetXE",
                                 "RegNetX", "RegNetX-constrained", "RegNetX-final"});
  for (const std::string& name : names) {
    INFO(name);
    CHECK(Space::Load(name).name() == name);
  }
  CHECK(Space::Load("any_net-vrA").name() == "AnyNetVRA");
  CHECK(Space::Load("regnety-CONSTRAINED").name() == "RegNetY-constrained");
}

TEST_CASE("AnyNetXA has the ranges of section 3.2 of the paper") {
  const Json expected = ParseJson(R"json({
    "name": "AnyNetXA", "type": "anynet", "block": "X", "stem": "simple", "stem_width": 32,
    "resolution": 224, "classes": 1000, "activation": "relu", "stages": 4, "strides": [2, 2, 2, 2],
    "parameters": {
      "depth": {"distribution": "log_uniform", "low": 1, "high": 16, "step": 1},
      "width": {"distribution": "log_uniform", "low": 8, "high": 1024, "step": 8},
      "bottleneck": {"distribution": "power_of_two", "low": 1, "high": 4},
      "group_width": {"distribution": "power_of_two", "low": 1, "high": 32}},
    "constraints": []})json",
                                  "test");
  CHECK(Document("AnyNetXA") == expected);
}

TEST_CASE("AnyNetXB to AnyNetXE each add one rule") {
  Json rules = Json::array();
  for (const auto& [name, rule] : {std::pair{"AnyNetXB", Json{{"shared", "bottleneck"}}},
                                   {"AnyNetXC", Json{{"shared", "group_width"}}},
                                   {"AnyNetXD", Json{{"non_decreasing", "width"}}},
                                   {"AnyNetXE", Json{{"non_decreasing", "depth"}}}}) {
    rules.push_back(rule);
    CHECK(Document(name)["constraints"] == rules);
    CHECK(Document(name)["parameters"] == Document("AnyNetXA")["parameters"]);
  }
}

TEST_CASE("RegNetX has the ranges of section 3.3 of the paper") {
  const Json expected = ParseJson(R"json({
    "depth": {"distribution": "uniform", "low": 1, "high": 63, "step": 1},
    "w0": {"distribution": "log_uniform", "low": 8, "high": 256, "step": 8},
    "wa": {"distribution": "log_uniform", "low": 8, "high": 256, "step": 0.1},
    "wm": {"distribution": "log_uniform", "low": 1.5, "high": 3, "step": 0.001},
    "bottleneck": {"distribution": "power_of_two", "low": 1, "high": 4},
    "group_width": {"distribution": "power_of_two", "low": 1, "high": 32}})json",
                                  "test");
  CHECK(Document("RegNetX")["parameters"] == expected);
  CHECK(Document("RegNetX")["stages"] == 4);
}

TEST_CASE("The constrained RegNetX follows sections 4 and 5 of the paper") {
  const Json constrained = Document("RegNetX-constrained");
  CHECK(constrained["parameters"]["bottleneck"] == 1);
  CHECK(constrained["parameters"]["depth"]["high"] == 40);
  CHECK(constrained["parameters"]["wm"]["low"] == 2);
  CHECK(constrained["constraints"] == ParseJson(R"([{"params_at_most": {"m": 3, "m_per_gf": 5.5}},
                      {"acts_at_most": {"m_per_sqrt_gf": 6.5}}])",
                                                "test"));
  const Json final_space = Document("RegNetX-final");
  CHECK(final_space["parameters"]["depth"]["low"] == 12);
  CHECK(final_space["parameters"]["depth"]["high"] == 28);
  CHECK(final_space["constraints"] == constrained["constraints"]);
}

TEST_CASE("Spaces of other blocks lose the parameters their block has not") {
  CHECK(Document("AnyNetYC")["constraints"] == Document("AnyNetXC")["constraints"]);
  CHECK_FALSE(Document("AnyNetRC")["parameters"].contains("group_width"));
  CHECK(Document("AnyNetRC")["constraints"] == Json::array({{{"shared", "bottleneck"}}}));
  CHECK_FALSE(Document("RegNetV")["parameters"].contains("bottleneck"));
  CHECK_FALSE(Document("RegNetVR")["parameters"].contains("group_width"));
  CHECK(Document("AnyNetVE")["constraints"].size() == 2);
}

}  // namespace
}  // namespace dse::built_in_spaces_test
