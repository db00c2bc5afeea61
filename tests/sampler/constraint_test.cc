#include "sampler/constraint.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/error.h"

namespace dse::constraint_test {
namespace {

Constraint Parse(const char* text) {
  return ParseConstraint(ParseJson(text, "test"), "s.json: constraints[0]");
}

std::string ErrorOf(const char* text) {
  try {
    Parse(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

Stage Make(int depth, int width) {
  Stage stage;
  stage.depth = depth;
  stage.width = width;
  return stage;
}

TEST_CASE("Orders compare neighbouring stages and let ties pass") {
  const Constraint rising = Parse(R"({"non_decreasing": "width"})");
  CHECK(KeepsOrder(rising, Make(1, 8), Make(1, 16)));
  CHECK(KeepsOrder(rising, Make(1, 8), Make(1, 8)));
  CHECK_FALSE(KeepsOrder(rising, Make(1, 16), Make(1, 8)));
  const Constraint falling = Parse(R"({"non_increasing": "depth"})");
  CHECK(KeepsOrder(falling, Make(4, 8), Make(3, 16)));
  CHECK(KeepsOrder(falling, Make(4, 8), Make(4, 16)));
  CHECK_FALSE(KeepsOrder(falling, Make(4, 8), Make(5, 8)));
  const Constraint equal = Parse(R"({"equal": "width"})");
  CHECK(KeepsOrder(equal, Make(1, 8), Make(2, 8)));
  CHECK_FALSE(KeepsOrder(equal, Make(1, 8), Make(1, 16)));
}

TEST_CASE("Bounds on depth, params and acts are inclusive") {
  const Constraint depth = Parse(R"({"total_depth": [12, 28]})");
  CHECK_FALSE(KeepsDepth(depth, 11));
  CHECK(KeepsDepth(depth, 12));
  CHECK(KeepsDepth(depth, 28));
  CHECK_FALSE(KeepsDepth(depth, 29));
  // 3 + 5.5 * 0.4 = 5.2 million at 400 MF.
  const Constraint params = Parse(R"({"params_at_most": {"m": 3, "m_per_gf": 5.5}})");
  CHECK(KeepsBound(params, {400'000'000, 5'200'000, 1}));
  CHECK_FALSE(KeepsBound(params, {400'000'000, 5'200'001, 1}));
  // 6.5 * sqrt(0.36) = 3.9 million at 360 MF.
  const Constraint acts = Parse(R"({"acts_at_most": {"m_per_sqrt_gf": 6.5}})");
  CHECK(KeepsBound(acts, {360'000'000, 1, 3'899'999}));
  CHECK_FALSE(KeepsBound(acts, {360'000'000, 1, 3'900'001}));
}

TEST_CASE("Constraints survive being written and read again") {
  for (const char* text :
       {R"({"shared":"group_width"})", R"({"equal":"width"})", R"({"non_decreasing":"depth"})",
        R"({"non_increasing":"width"})", R"({"total_depth":[12,28]})",
        R"({"params_at_most":{"m":3,"m_per_gf":5.5}})",
        R"({"acts_at_most":{"m_per_sqrt_gf":6.5}})"}) {
    CHECK(ConstraintToJson(Parse(text)).dump() == text);
  }
}

TEST_CASE("A wrong constraint is refused with its place and what would be right") {
  const std::string at = "s.json: constraints[0]";
  CHECK(ErrorOf("3") ==
        at + " must be an object with one key, such as {\"non_decreasing\": \"width\"}");
  CHECK(ErrorOf(R"({"non_decreasing": "width", "equal": "depth"})") == ErrorOf("3"));
  CHECK(ErrorOf(R"({"non_decreasin": "width"})") ==
        at + " is 'non_decreasin', which is none of shared, equal, non_decreasing, non_increasing, "
             "total_depth, params_at_most, acts_at_most, did you mean 'non_decreasing'?");
  CHECK(ErrorOf(R"({"non_decreasing": "widht"})") ==
        at + ".non_decreasing is 'widht', which is none of depth, width, did you mean 'width'?");
  CHECK(ErrorOf(R"({"shared": "lr"})") ==
        at + ".shared is 'lr', which is none of depth, width, bottleneck, group_width, kernel, "
             "expansion");
  CHECK(ErrorOf(R"({"total_depth": [28, 12]})") ==
        at + ".total_depth must be two whole numbers from 1, low then high, such as [12, 28]");
  CHECK(ErrorOf(R"({"total_depth": 12})") == ErrorOf(R"({"total_depth": [1.5, 12]})"));
  CHECK(ErrorOf(R"({"params_at_most": {}})") ==
        at + ".params_at_most must give at least one of m, m_per_gf, m_per_sqrt_gf above 0");
  CHECK(ErrorOf(R"({"params_at_most": {"m_per_g": 1}})") ==
        at + ".params_at_most: unknown key 'm_per_g', did you mean 'm_per_gf'?");
  CHECK(ErrorOf(R"({"acts_at_most": {"m": -1}})") ==
        at + ".acts_at_most.m must be a number from 0 to 1e+09, not -1");
}

}  // namespace
}  // namespace dse::constraint_test
