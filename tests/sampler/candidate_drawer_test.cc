#include "sampler/candidate_drawer.h"

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/regnet.h"
#include "core/rng.h"
#include "sampler/space.h"
#include "tests/sampler/chi_square.h"

namespace dse::candidate_drawer_test {
namespace {

TEST_CASE("An order keeps exactly the candidates that have it, ties included") {
  // Two widths of equal chance in two stages: of four pairs three do not fall.
  const Space space = Space::FromDocument(ParseJson(R"({"type": "anynet", "block": "V", "stages": 2,
                    "parameters": {"depth": 1,
                                   "width": {"distribution": "choice", "values": [8, 16]}},
                    "constraints": [{"non_decreasing": "width"}]})",
                                                    "test"),
                                          "test");
  std::vector<int64_t> counts(3);
  CandidateDrawer drawer(space.compiled(), space.StreamKeyFor(1));
  Candidate candidate;
  int64_t valid = 0;
  for (int64_t number = 0; number < 40'000; ++number) {
    if (!drawer.Draw(number, kAnyBand, candidate)) continue;
    ++valid;
    ++counts[static_cast<size_t>(candidate.stages[0].width + candidate.stages[1].width) / 8 - 2];
  }
  CHECK(ChiSquare(counts, {1.0 / 3, 1.0 / 3, 1.0 / 3}) < ChiSquareBound(3));
  CHECK(ChiSquare({valid, 40'000 - valid}, {0.75, 0.25}) < ChiSquareBound(2));
}

TEST_CASE("The cheap test of a RegNet never refuses one that has the stages") {
  RandomStream random(3, 1);
  int64_t refused = 0;
  int64_t refused_wrongly = 0;
  const auto check = [&](const RegNetParameters& parameters, int wanted) {
    std::array<Stage, kMaxStages> stages;
    int count = 0;
    const bool valid = RegNetStages(parameters, wanted, stages, count) == RegNetRejection::kNone;
    const bool may = MayHaveStages(parameters, wanted, wanted);
    refused += !may;
    refused_wrongly += valid && !may;
  };
  for (int i = 0; i < 20'000; ++i) {
    RegNetParameters parameters;
    parameters.depth = 1 + static_cast<int>(random.Below(64));
    parameters.w0 = static_cast<double>(8 * (1 + random.Below(32)));
    // Every other time wa divides w0, so that blocks fall on whole powers of wm = 2 or 3 and on
    // ties.
    parameters.wa = i % 2 ? parameters.w0 / static_cast<double>(1 + random.Below(8))
                          : static_cast<double>(random.Below(2561)) / 10;
    parameters.wm = i % 2 ? static_cast<double>(2 + random.Below(2)) : random.Uniform(1.1, 4);
    for (int wanted = 1; wanted <= 6; ++wanted) check(parameters, wanted);
  }
  CHECK(refused_wrongly == 0);
  CHECK(refused > 50'000);
}

TEST_CASE("A tie between two levels is decided as the exact rule decides it") {
  // w0 = 8, wm = 2.25: level 1/2 is u = 12 and level 3/2 is u = 27, both exact; half goes to even.
  for (const double wa : {1.0, 4.0, 19.0}) {
    for (int depth = 1; depth <= 40; ++depth) {
      const RegNetParameters parameters{depth, 8, wa, 2.25, 1, 1};
      for (int wanted = 1; wanted <= 4; ++wanted) {
        std::array<Stage, kMaxStages> stages;
        int count = 0;
        if (RegNetStages(parameters, wanted, stages, count) == RegNetRejection::kNone) {
          CHECK(MayHaveStages(parameters, wanted, wanted));
        }
      }
    }
  }
}

TEST_CASE("Learning rate and weight decay are drawn with 53 bits from the candidate's last words") {
  const Space space = Space::FromDocument(ParseJson(R"({"extends": "AnyNetXA", "parameters": {
          "lr": {"distribution": "log_uniform", "low": 0.01, "high": 1},
          "weight_decay": {"distribution": "uniform", "low": 0, "high": 0.001}}})",
                                                    "test"),
                                          "test");
  const uint64_t key = space.StreamKeyFor(9);
  CandidateDrawer drawer(space.compiled(), key);
  std::vector<int64_t> counts(10);
  for (int64_t number = 0; number < 20'000; ++number) {
    const Overrides overrides = drawer.DrawOverrides(number);
    RandomStream random(key, static_cast<uint64_t>(number));
    for (int i = 0; i < 16; ++i) random.NextWord();
    REQUIRE(*overrides.lr == Approx(0.01 * std::pow(100, random.Uniform())).epsilon(1e-12));
    REQUIRE(*overrides.weight_decay == Approx(0.001 * random.Uniform()).epsilon(1e-12));
    ++counts[static_cast<size_t>(std::log10(*overrides.lr / 0.01) * 5)];
  }
  CHECK(ChiSquare(counts, std::vector<double>(10, 0.1)) < ChiSquareBound(10));
  const Space fixed = Space::FromDocument(
      ParseJson(R"({"extends": "AnyNetXA", "parameters": {"lr": 0.2}})", "test"), "test");
  CHECK(CandidateDrawer(fixed.compiled(), 1).DrawOverrides(5) == Overrides{0.2, {}});
  const Space plain = Space::Load("RegNetX");
  CHECK(CandidateDrawer(plain.compiled(), 1).DrawOverrides(5).empty());
}

}  // namespace
}  // namespace dse::candidate_drawer_test
