#include "sampler/distribution.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/error.h"

namespace dse::distribution_test {
namespace {

Distribution Parse(const char* text, Parameter parameter) {
  return ParseDistribution(ParseJson(text, "test"), "s.json: parameters.p", parameter);
}

std::string ErrorOf(const char* text, Parameter parameter) {
  try {
    Parse(text, parameter);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

// The smallest u (to 50 halvings) with an index above `index`: the probability of the values up to
// it.
double Cumulative(const Distribution& distribution, size_t index) {
  double low = 0;
  double high = 1;
  for (int i = 0; i < 50; ++i) {
    const double middle = (low + high) / 2;
    (IndexAt(distribution, middle) <= index ? low : high) = middle;
  }
  return low;
}

TEST_CASE("A depth of 1 has probability one fifth on 1 to 16") {
  // log(1 / 0.5) / log(16 / 0.5) = 1/5, and each doubling of the bound adds another fifth.
  const Distribution depth = Parse(
      R"({"distribution": "log_uniform", "low": 1, "high": 16, "step": 1})", Parameter::kDepth);
  CHECK(Cumulative(depth, 0) == Approx(0.2).epsilon(1e-12));
  CHECK(Cumulative(depth, 1) == Approx(0.4).epsilon(1e-12));
  CHECK(Cumulative(depth, 3) == Approx(0.6).epsilon(1e-12));
  CHECK(Cumulative(depth, 7) == Approx(0.8).epsilon(1e-12));
}

TEST_CASE("A log-uniform width starts at half its lowest multiple") {
  // low - min(step, low/2) = 8 - 4, so the first value has log(8/4) / log(1024/4) = 1/8.
  const Distribution width = Parse(
      R"({"distribution": "log_uniform", "low": 8, "high": 1024, "step": 8})", Parameter::kWidth);
  CHECK(Support(width).size() == 128);
  CHECK(Cumulative(width, 0) == Approx(0.125).epsilon(1e-12));
  // 16 - min(8, 8) = 8: from 16 on half a low and a step are the same, above it is the step.
  const Distribution above = Parse(
      R"({"distribution": "log_uniform", "low": 32, "high": 64, "step": 8})", Parameter::kWidth);
  CHECK(Cumulative(above, 0) == Approx(std::log(32.0 / 24) / std::log(64.0 / 24)).epsilon(1e-12));
}

TEST_CASE("Multiples of a decimal step are the doubles nearest to the decimals") {
  const Distribution wa = Parse(
      R"({"distribution": "log_uniform", "low": 8, "high": 256, "step": 0.1})", Parameter::kWa);
  const std::vector<double> values = Support(wa);
  REQUIRE(values.size() == 2481);
  CHECK(values[245 - 80] == 24.5);
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] != static_cast<double>(80 + i) / 10) FAIL("not the nearest: " << values[i]);
  }
  const Distribution wm = Parse(
      R"({"distribution": "log_uniform", "low": 1.5, "high": 3, "step": 0.001})", Parameter::kWm);
  REQUIRE(Support(wm).size() == 1501);
  CHECK(Support(wm)[2540 - 1500] == 2.54);
}

TEST_CASE("Powers of two, choices and steps give every value the same share") {
  const Distribution group =
      Parse(R"({"distribution": "power_of_two", "low": 1, "high": 32})", Parameter::kGroupWidth);
  CHECK(Support(group) == std::vector<double>{1, 2, 4, 8, 16, 32});
  const Distribution ratio =
      Parse(R"({"distribution": "power_of_two", "low": 0.25, "high": 2})", Parameter::kBottleneck);
  CHECK(Support(ratio) == std::vector<double>{0.25, 0.5, 1, 2});
  const Distribution choice =
      Parse(R"({"distribution": "choice", "values": [40, 8, 24]})", Parameter::kGroupWidth);
  CHECK(Support(choice) == std::vector<double>{40, 8, 24});
  const Distribution depth =
      Parse(R"({"distribution": "uniform", "low": 1, "high": 63, "step": 1})", Parameter::kDepth);
  for (const Distribution& distribution : {group, choice, depth}) {
    const size_t count = Support(distribution).size();
    for (size_t i = 0; i + 1 < count; ++i) {
      CHECK(Cumulative(distribution, i) ==
            Approx(static_cast<double>(i + 1) / static_cast<double>(count)).epsilon(1e-12));
    }
  }
}

TEST_CASE("Distributions without a step are continuous") {
  const Distribution lr =
      Parse(R"({"distribution": "log_uniform", "low": 0.01, "high": 1})", Parameter::kLr);
  CHECK(lr.continuous());
  CHECK(ValueAt(lr, 0.5) == Approx(0.1));
  const Distribution decay =
      Parse(R"({"distribution": "uniform", "low": 0, "high": 0.002})", Parameter::kWeightDecay);
  CHECK(ValueAt(decay, 0.25) == Approx(0.0005));
}

TEST_CASE("A plain number is a fixed value") {
  const Distribution ratio = Parse("0.25", Parameter::kBottleneck);
  CHECK(ratio.kind == DistributionKind::kFixed);
  CHECK(Support(ratio) == std::vector<double>{0.25});
  CHECK(DistributionToJson(ratio) == 0.25);
}

TEST_CASE("Distributions survive being written and read again") {
  for (const char* text : {R"({"distribution":"log_uniform","high":512,"low":8,"step":8})",
                           R"({"distribution":"uniform","high":0.5,"low":0.1})",
                           R"({"distribution":"power_of_two","high":4,"low":0.25})",
                           R"({"distribution":"choice","values":[0.5,2,1]})", "3"}) {
    const Distribution distribution = Parse(text, Parameter::kLr);
    CHECK(DistributionToJson(distribution).dump() == text);
    CHECK(Parse(text, Parameter::kLr) == distribution);
  }
}

TEST_CASE("A wrong distribution is refused with its place and what would be right") {
  const auto width = [](const char* text) { return ErrorOf(text, Parameter::kWidth); };
  const std::string at = "s.json: parameters.p";
  CHECK(width(R"({"distribution": "loguniform", "low": 8, "high": 16, "step": 8})") ==
        at + ".distribution is 'loguniform', which is none of uniform, log_uniform, power_of_two, "
             "choice, did you mean 'log_uniform'?");
  CHECK(width(R"({"distribution": "uniform", "low": 8, "hihg": 16, "step": 8})") ==
        at + ": the key 'high' is missing");
  CHECK(width(R"({"distribution": "uniform", "low": 8, "high": 16, "stpe": 8, "step": 8})") ==
        at + ": unknown key 'stpe', did you mean 'step'?");
  CHECK(width(R"({"distribution": "uniform", "low": 8, "high": 16})") ==
        at + ".step is missing: this parameter takes separate values");
  CHECK(width(R"({"distribution": "uniform", "low": 8, "high": 20, "step": 8})") ==
        at + ".high must be a multiple of the step 8, such as 16");
  CHECK(width(R"({"distribution": "log_uniform", "low": 12, "high": 16, "step": 8})") ==
        at + ".low must be a multiple of the step 8, such as 16");
  CHECK(width(R"({"distribution": "uniform", "low": 32, "high": 16, "step": 8})") ==
        at + ".low must not be above 'high'");
  CHECK(width(R"({"distribution": "uniform", "low": 8, "high": 99999, "step": 8})") ==
        at + ".high must be a number from 1 to 16384, not 99999");
  CHECK(width(R"({"distribution": "uniform", "low": 8, "high": 16, "step": 0.5})") ==
        at + " would give 8.5, but must be a whole number");
  CHECK(width(R"({"distribution": "power_of_two", "low": 8, "high": 48})") ==
        at + ".high must be a power of two");
  CHECK(width(R"({"distribution": "power_of_two", "low": 9, "high": 64})") ==
        at + ".low must be a power of two");
  CHECK(width(R"({"distribution": "choice", "values": []})") ==
        at + ".values must be a list of 1 to 65536 numbers");
  CHECK(width(R"({"distribution": "choice", "values": [8, "x"]})") ==
        at + ".values must hold numbers from 1 to 16384, not \"x\"");
  CHECK(width(R"({"distribution": "choice", "values": [8, 16, 8]})") ==
        at + ".values lists 8 twice");
  CHECK(width("0") == at + " must be a number from 1 to 16384, not 0");
  CHECK(width("8.5") == at + " would give 8.5, but must be a whole number");
  CHECK(width("\"wide\"") == at + ": must be a JSON object, not the text \"wide\"");
  CHECK(ErrorOf("0.4", Parameter::kBottleneck) ==
        at + " would give 0.4, but must be a whole number or one over a whole number");
  CHECK(ErrorOf(R"({"distribution": "uniform", "low": 0, "high": 1, "step": 1e-6})",
                Parameter::kWeightDecay) ==
        at + ".step gives more than 65536 values; make it larger");
  CHECK(
      ErrorOf(R"({"distribution": "log_uniform", "low": 0, "high": 1})", Parameter::kWeightDecay) ==
      at + ".low must be above 0 for a log_uniform distribution");
}

}  // namespace
}  // namespace dse::distribution_test
