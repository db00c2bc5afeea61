#include "sampler/candidate.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <optional>

#include "core/error.h"
#include "core/regnet.h"
#include "core/rng.h"
#include "sampler/distribution.h"
#include "sampler/space.h"
#include "tests/sampler/chi_square.h"

namespace dse {
namespace {

bool DrawCandidate(const CompiledSpace& space, uint64_t key, int64_t number, const Band& band,
                   Candidate& candidate) {
  return CandidateDrawer(space, key).Draw(number, band, candidate);
}

Overrides DrawOverrides(const CompiledSpace& space, uint64_t key, int64_t number) {
  return CandidateDrawer(space, key).DrawOverrides(number);
}

// Plain rejection as a reader of the paper would write it, for the built-in AnyNetX spaces: words
// in the order the README of the sampler gives, the distributions' formulas, no early exit, no
// tables.
class PlainAnyNet {
 public:
  explicit PlainAnyNet(char letter) : letter_(letter) {}

  // All four stages, resolved; nothing if the order of widths or depths is broken.
  std::optional<std::vector<Stage>> Draw(uint64_t key, int64_t number) const {
    RandomStream random(key, static_cast<uint64_t>(number));
    const auto draw = [&](const Distribution& d) {
      return Support(d)[IndexAt(d, (random.NextWord() + 0.5) * 0x1p-32)];
    };
    const double shared_b = letter_ >= 'B' ? draw(bottleneck_) : 0;
    const double shared_g = letter_ >= 'C' ? draw(group_width_) : 0;
    std::vector<Stage> stages(4);
    for (Stage& stage : stages) {
      stage.depth = static_cast<int>(draw(depth_));
      stage.width = static_cast<int>(draw(width_));
      stage.bottleneck = letter_ >= 'B' ? shared_b : draw(bottleneck_);
      stage.group_width = static_cast<int>(letter_ >= 'C' ? shared_g : draw(group_width_));
      stage = MakeCompatible(BlockType::kX, stage);
    }
    const auto width_falls = [](const Stage& a, const Stage& b) { return a.width > b.width; };
    const auto depth_falls = [](const Stage& a, const Stage& b) { return a.depth > b.depth; };
    const auto none = stages.end();
    if (letter_ >= 'D' && std::adjacent_find(stages.begin(), none, width_falls) != none) return {};
    if (letter_ >= 'E' && std::adjacent_find(stages.begin(), none, depth_falls) != none) return {};
    return stages;
  }

 private:
  char letter_;
  Distribution depth_{DistributionKind::kLogUniform, 1, 16, 1, {}};
  Distribution width_{DistributionKind::kLogUniform, 8, 1024, 8, {}};
  Distribution bottleneck_{DistributionKind::kPowerOfTwo, 1, 4, 0, {}};
  Distribution group_width_{DistributionKind::kPowerOfTwo, 1, 32, 0, {}};
};

TEST_CASE("AnyNetXA to AnyNetXE draw what plain rejection draws, candidate by candidate") {
  for (const char letter : {'A', 'B', 'C', 'D', 'E'}) {
    const Space space = Space::Load(std::string("AnyNetX") + letter);
    const uint64_t key = space.StreamKeyFor(42);
    const PlainAnyNet plain(letter);
    Candidate candidate;
    int64_t different = 0;
    int64_t ties = 0;
    for (int64_t number = 0; number < 20'000; ++number) {
      const std::optional<std::vector<Stage>> expected = plain.Draw(key, number);
      const bool valid = DrawCandidate(space.compiled(), key, number, kAnyBand, candidate);
      if (valid != expected.has_value()) ++different;
      if (!valid || !expected) continue;
      const std::span<const Stage> drawn = candidate.network();
      different += !std::equal(drawn.begin(), drawn.end(), expected->begin(), expected->end());
      different += !(candidate.complexity == CountComplexity(Frame(), *expected));
      ties += drawn[0].width == drawn[1].width;
    }
    INFO(letter);
    CHECK(different == 0);
    CHECK(ties > 0);
  }
}

TEST_CASE("An order keeps exactly the candidates that have it, ties included") {
  // Two widths of equal chance in two stages: of four pairs three do not fall.
  const Space space = Space::FromDocument(ParseJson(R"({"type": "anynet", "block": "V", "stages": 2,
                    "parameters": {"depth": 1,
                                   "width": {"distribution": "choice", "values": [8, 16]}},
                    "constraints": [{"non_decreasing": "width"}]})",
                                                    "test"),
                                          "test");
  std::vector<int64_t> counts(3);
  Candidate candidate;
  int64_t valid = 0;
  for (int64_t number = 0; number < 40'000; ++number) {
    if (!DrawCandidate(space.compiled(), space.StreamKeyFor(1), number, kAnyBand, candidate))
      continue;
    ++valid;
    ++counts[static_cast<size_t>(candidate.stages[0].width + candidate.stages[1].width) / 8 - 2];
  }
  CHECK(ChiSquare(counts, {1.0 / 3, 1.0 / 3, 1.0 / 3}) < ChiSquareBound(3));
  CHECK(ChiSquare({valid, 40'000 - valid}, {0.75, 0.25}) < ChiSquareBound(2));
}

TEST_CASE("RegNetX draws are the networks their parameters make") {
  const Space space = Space::Load("RegNetX");
  const uint64_t key = space.StreamKeyFor(7);
  const Distribution depth{DistributionKind::kUniform, 1, 63, 1, {}};
  const Distribution w0{DistributionKind::kLogUniform, 8, 256, 8, {}};
  const Distribution wa{DistributionKind::kLogUniform, 8, 256, 0.1, {}};
  const Distribution wm{DistributionKind::kLogUniform, 1.5, 3, 0.001, {}};
  const Distribution bottleneck{DistributionKind::kPowerOfTwo, 1, 4, 0, {}};
  const Distribution group_width{DistributionKind::kPowerOfTwo, 1, 32, 0, {}};
  Candidate candidate;
  int64_t different = 0;
  int64_t valid_networks = 0;
  for (int64_t number = 0; number < 5'000; ++number) {
    RandomStream random(key, static_cast<uint64_t>(number));
    const auto draw = [&](const Distribution& d) {
      return Support(d)[IndexAt(d, (random.NextWord() + 0.5) * 0x1p-32)];
    };
    RegNetParameters parameters;
    parameters.depth = static_cast<int>(draw(depth));
    parameters.w0 = draw(w0);
    parameters.wa = draw(wa);
    parameters.wm = draw(wm);
    parameters.bottleneck = draw(bottleneck);
    parameters.group_width = static_cast<int>(draw(group_width));
    std::array<Stage, kMaxStages> stages;
    int count = 0;
    const bool expected = RegNetStages(parameters, 4, stages, count) == RegNetRejection::kNone;
    const bool valid = DrawCandidate(space.compiled(), key, number, kAnyBand, candidate);
    different += valid != expected;
    if (!valid || !expected) continue;
    ++valid_networks;
    const Model model = RegNetModel(Frame(), parameters, 4, "test");
    const std::span<const Stage> drawn = candidate.network();
    different += !(candidate.regnet == parameters);
    different += !std::equal(drawn.begin(), drawn.end(), model.stages.begin(), model.stages.end());
    different += !(candidate.complexity == CountComplexity(model));
  }
  CHECK(different == 0);
  CHECK(valid_networks > 500);
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

TEST_CASE("Bounds on params, acts and depth hold for what is drawn, and only they reject") {
  const Space free = Space::FromDocument(
      ParseJson(R"({"extends": "AnyNetXA", "constraints": [{"total_depth": [1, 64]}]})", "test"),
      "test");
  const Space bound = Space::FromDocument(
      ParseJson(R"({"extends": "AnyNetXA", "constraints": [{"total_depth": [10, 20]},
                    {"params_at_most": {"m": 1}}, {"acts_at_most": {"m_per_gf": 12}}]})",
                "test"),
      "test");
  const uint64_t key = bound.StreamKeyFor(1);
  Candidate candidate;
  int64_t wrong = 0;
  int64_t kept = 0;
  for (int64_t number = 0; number < 20'000; ++number) {
    REQUIRE(DrawCandidate(free.compiled(), key, number, kAnyBand, candidate));
    int depth = 0;
    for (const Stage& stage : candidate.network()) depth += stage.depth;
    const bool expected = depth >= 10 && depth <= 20 && candidate.complexity.params <= 1'000'000 &&
                          static_cast<double>(candidate.complexity.acts) <=
                              12e6 * (static_cast<double>(candidate.complexity.flops) / 1e9);
    wrong += DrawCandidate(bound.compiled(), key, number, kAnyBand, candidate) != expected;
    kept += expected;
  }
  CHECK(wrong == 0);
  CHECK(kept > 100);
}

TEST_CASE("A space of large tables draws the same as one of small ones") {
  // 2048 widths x 2 ratios x 32 group widths are too many for one table of compatible stages.
  const Space space =
      Space::FromDocument(ParseJson(R"({"type": "anynet", "stages": 2, "parameters": {"depth": 1,
          "width": {"distribution": "uniform", "low": 1, "high": 2048, "step": 1},
          "bottleneck": {"distribution": "choice", "values": [0.25, 4]},
          "group_width": {"distribution": "uniform", "low": 1, "high": 32, "step": 1}}})",
                                    "test"),
                          "test");
  const uint64_t key = space.StreamKeyFor(3);
  Candidate candidate;
  for (int64_t number = 0; number < 500; ++number) {
    REQUIRE(DrawCandidate(space.compiled(), key, number, kAnyBand, candidate));
    RandomStream random(key, static_cast<uint64_t>(number));
    for (const Stage& stage : candidate.network()) {
      Stage expected;
      expected.width = 1 + static_cast<int>(uint64_t{random.NextWord()} * 2048 >> 32);
      expected.bottleneck = random.NextWord() >> 31 ? 4 : 0.25;
      expected.group_width = 1 + static_cast<int>(uint64_t{random.NextWord()} * 32 >> 32);
      REQUIRE(stage == MakeCompatible(BlockType::kX, expected));
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
  std::vector<int64_t> counts(10);
  for (int64_t number = 0; number < 20'000; ++number) {
    const Overrides overrides = DrawOverrides(space.compiled(), key, number);
    RandomStream random(key, static_cast<uint64_t>(number));
    for (int i = 0; i < 16; ++i) random.NextWord();
    REQUIRE(*overrides.lr == Approx(0.01 * std::pow(100, random.Uniform())).epsilon(1e-12));
    REQUIRE(*overrides.weight_decay == Approx(0.001 * random.Uniform()).epsilon(1e-12));
    ++counts[static_cast<size_t>(std::log10(*overrides.lr / 0.01) * 5)];
  }
  CHECK(ChiSquare(counts, std::vector<double>(10, 0.1)) < ChiSquareBound(10));
  const Space fixed = Space::FromDocument(
      ParseJson(R"({"extends": "AnyNetXA", "parameters": {"lr": 0.2}})", "test"), "test");
  CHECK(DrawOverrides(fixed.compiled(), 1, 5) == Overrides{0.2, {}});
  CHECK(DrawOverrides(Space::Load("RegNetX").compiled(), 1, 5).empty());
}

}  // namespace
}  // namespace dse
