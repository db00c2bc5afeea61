#include "sampler/space_size.h"

#include <catch2/catch.hpp>
#include <functional>
#include <nlohmann/json.hpp>

namespace dse::space_size_test {
namespace {

SpaceSize SizeOfText(const std::string& text) {
  return SizeOf(Space::FromDocument(ParseJson(text, "test"), "test"));
}

TEST_CASE("Table 1 is printed as it stands, beside the exact counts") {
  // C(131,4) = 11716640 ways for widths not to fall, C(19,4) = 3876 for depths.
  struct Row {
    const char* name;
    int dimensions;
    const char* exact;
  };
  const Row rows[] = {
      {"AnyNetXA", 16, "1846757322198614016"},  // 36864^4
      {"AnyNetXB", 13, "68398419340689408"},    // 12288^4 * 3
      {"AnyNetXC", 10, "316659348799488"},      // 2048^4 * 18
      {"AnyNetXD", 10, "13821510942720"},       // 11716640 * 16^4 * 18
      {"AnyNetXE", 10, "817446539520"},         // 11716640 * 3876 * 18
      {"RegNetX", 6, "135135822528"},           // 63 * 32 * 2481 * 1501 * 18
  };
  for (const Row& row : rows) {
    const SpaceSize size = SizeOf(Space::Load(row.name));
    CHECK(size.dimensions == row.dimensions);
    CHECK(size.exact == row.exact);
    CHECK(size.table.has_value());
    CHECK(*size.settings == Approx(std::stod(row.exact)));
    CHECK(size.share.has_value() == (std::string(row.name) == "RegNetX"));
  }
  CHECK(SizeOf(Space::Load("AnyNetXA")).table == "(16*128*3*6)^4 ~ 1.8e18");
  CHECK_FALSE(SizeOf(Space::Load("AnyNetVA")).table);
  CHECK_FALSE(SizeOf(Space::Load("AnyNetXA", {.stages = 3})).table);
}

// All sequences of three of the values, one by one.
int64_t BruteForce(const std::vector<int>& values, const std::function<bool(int, int, int)>& keep) {
  int64_t count = 0;
  for (const int a : values) {
    for (const int b : values) {
      for (const int c : values) count += keep(a, b, c);
    }
  }
  return count;
}

TEST_CASE("Orders and bounds on depth are counted as counting one by one does") {
  const std::string head = R"({"type": "anynet", "block": "V", "stages": 3, "parameters": {
      "depth": {"distribution": "choice", "values": [7, 1, 2, 5]},
      "width": {"distribution": "uniform", "low": 8, "high": 40, "step": 8}}, "constraints": [)";
  const std::vector<int> depths = {1, 2, 5, 7};
  const std::vector<int> widths = {8, 16, 24, 32, 40};
  const auto any = [](int, int, int) { return true; };
  const auto rises = [](int a, int b, int c) { return a <= b && b <= c; };
  const auto falls = [](int a, int b, int c) { return a >= b && b >= c; };
  const auto sum_8_to_14 = [](int a, int b, int c) { return a + b + c >= 8 && a + b + c <= 14; };
  const auto check = [&](const std::string& constraints, int64_t depth_count, int64_t width_count) {
    INFO(constraints);
    CHECK(SizeOfText(head + constraints + "]}").exact == std::to_string(depth_count * width_count));
  };
  check("", 64, 125);
  check(R"({"non_decreasing": "width"})", BruteForce(depths, any), BruteForce(widths, rises));
  check(R"({"non_increasing": "depth"})", BruteForce(depths, falls), BruteForce(widths, any));
  check(R"({"equal": "width"})", 64, 5);
  check(R"({"shared": "width"})", 64, 5);
  check(R"({"non_increasing": "width"}, {"non_decreasing": "width"})", 64, 5);
  check(R"({"total_depth": [8, 14]})", BruteForce(depths, sum_8_to_14), 125);
  check(R"({"total_depth": [2, 14]}, {"total_depth": [8, 99]}, {"non_decreasing": "depth"})",
        BruteForce(depths,
                   [&](int a, int b, int c) { return rises(a, b, c) && sum_8_to_14(a, b, c); }),
        125);
  // Shared depths 3, 6, 15, 21 blocks.
  check(R"({"shared": "depth"}, {"total_depth": [4, 20]})", 2, 125);
}

TEST_CASE("Stages and resolutions of a list multiply a space") {
  // 2 depths: 2^1 + 2^3 networks, at 2 resolutions.
  const SpaceSize size = SizeOfText(R"({"type": "anynet", "block": "V", "stages": [1, 3],
      "resolution": [32, 64], "parameters": {"width": 8, "lr": 0.1,
          "depth": {"distribution": "choice", "values": [1, 2]}}})");
  CHECK(size.exact == "20");
  CHECK(size.dimensions == 5);
  CHECK(SizeOfText(R"({"type": "models", "models": ["resnet-50", "resnet-101", "resnet-152"],
                       "constraints": [{"total_depth": [1, 40]}]})")
            .exact == "2");
}

TEST_CASE("What cannot be counted is estimated or said") {
  const SpaceSize tied =
      SizeOfText(R"({"extends": "RegNetX", "parameters": {"wa": {"same_as": "w0"}, "wm": 2}})");
  CHECK(tied.exact == std::to_string(63 * 32 * 18));
  CHECK(tied.dimensions == 4);
  // Of two depths of equal weight in the set one keeps the bound, whatever their probabilities.
  const SpaceSize half = SizeOfText(R"({"type": "anynet", "block": "V", "stages": 1, "parameters": {
      "width": 64, "depth": {"distribution": "log_uniform", "low": 1, "high": 2, "step": 1}},
      "constraints": [{"acts_at_most": {"m": 0.7}}]})");
  REQUIRE(half.share);
  CHECK(half.exact == "2");
  CHECK(half.share->low < 0.5);
  CHECK(half.share->high > 0.5);
  CHECK(half.share->high - half.share->low < 0.005);
  const SpaceSize continuous = SizeOfText(R"({"extends": "RegNetX", "parameters": {
      "wa": {"distribution": "uniform", "low": 8, "high": 256}}})");
  CHECK_FALSE(continuous.settings);
  CHECK(continuous.uncountable == "wa is continuous");
  CHECK(SizeOfText(R"({"extends": "RegNetX", "parameters": {"group_width": "by_compute"}})")
            .uncountable == "group widths go by compute");
  const SpaceSize huge = SizeOfText(R"({"type": "anynet", "block": "V", "stages": 8, "parameters": {
      "width": {"distribution": "uniform", "low": 1, "high": 2000, "step": 1},
      "depth": {"distribution": "uniform", "low": 1, "high": 500, "step": 1}}})");
  CHECK_FALSE(huge.exact);
  CHECK(*huge.settings == Approx(1e48));
}

}  // namespace
}  // namespace dse::space_size_test
