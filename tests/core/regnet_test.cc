#include "core/regnet.h"

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/named_models.h"
#include "core/rng.h"

namespace dse::regnet_test {
namespace {

std::vector<int> Widths(const Model& model) {
  std::vector<int> widths;
  for (const Stage& stage : model.stages) widths.push_back(stage.width);
  return widths;
}
std::vector<int> Depths(const Model& model) {
  std::vector<int> depths;
  for (const Stage& stage : model.stages) depths.push_back(stage.depth);
  return depths;
}

RegNetRejection Check(const RegNetParameters& parameters, int wanted) {
  std::array<Stage, kMaxStages> stages;
  int count = 0;
  return RegNetStages(parameters, wanted, stages, count);
}

TEST_CASE("rounding is half to even, as in numpy", "[regnet]") {
  CHECK(RoundHalfEven(0.5) == 0);
  CHECK(RoundHalfEven(1.5) == 2);
  CHECK(RoundHalfEven(2.5) == 2);
  CHECK(RoundHalfEven(24.5) == 24);
}

// Figures 15 and following of the paper print the stages of its models.
TEST_CASE("the RegNets of the paper have its stage widths and depths", "[regnet]") {
  CHECK(Widths(NamedModel("RegNetX-400MF")) == std::vector<int>{32, 64, 160, 384});
  CHECK(Depths(NamedModel("RegNetX-400MF")) == std::vector<int>{1, 2, 7, 12});
  CHECK(Widths(NamedModel("RegNetX-200MF")) == std::vector<int>{24, 56, 152, 368});
  CHECK(Depths(NamedModel("RegNetX-200MF")) == std::vector<int>{1, 1, 4, 7});
  CHECK(Widths(NamedModel("regnety_4.0gf")) == std::vector<int>{128, 192, 512, 1088});
  CHECK(Depths(NamedModel("regnety_4.0gf")) == std::vector<int>{2, 6, 12, 2});
}

TEST_CASE("RegNet parameters that make no RegNet are told apart", "[regnet]") {
  CHECK(Check({22, 24, 24.48, 2.54, 1, 16}, 4) == RegNetRejection::kNone);
  CHECK(Check({22, 24, 24.48, 2.54, 1, 16}, 3) == RegNetRejection::kStageCount);
  // u = 8, 264: log(33)/log(1.5) = 8.6, so eight levels between them stay empty.
  CHECK(Check({2, 8, 256, 1.5, 1, 1}, 2) == RegNetRejection::kEmptyLevel);
  // u = 8, 10, 12, ...: levels 0, 1 with widths 8 and 8 * 1.2 = 9.6 -> 8.
  CHECK(Check({2, 8, 2, 1.2, 1, 1}, 2) == RegNetRejection::kEqualWidths);
}

TEST_CASE("any number of stages is taken when none is asked for", "[regnet]") {
  CHECK(Check({22, 24, 24.48, 2.54, 1, 16}, 0) == RegNetRejection::kNone);
  CHECK_THROWS_WITH(RegNetModel(Frame(), {22, 24, 24.48, 2.54, 1, 16}, 3, "here"),
                    Catch::StartsWith("here: these parameters make no RegNet: they give 4 stages"));
}

// RegNetStages by its definition, from the width and level of every block.
RegNetRejection StagesOfBlocks(const RegNetParameters& parameters, int wanted,
                               std::vector<Stage>& stages) {
  const auto depth = static_cast<size_t>(parameters.depth);
  std::vector<int> widths(depth);
  std::vector<int> levels(depth);
  RegNetBlockWidths(parameters.w0, parameters.wa, parameters.wm, widths, levels);
  bool empty_level = false;
  bool equal_widths = false;
  for (size_t j = 0; j < depth; ++j) {
    if (j == 0 || levels[j] != levels[j - 1]) {
      empty_level |= j > 0 && levels[j] != levels[j - 1] + 1;
      equal_widths |= j > 0 && widths[j] == widths[j - 1];
      Stage stage;
      stage.depth = 0;
      stage.width = widths[j];
      stage.bottleneck = parameters.bottleneck;
      stage.group_width = parameters.group_width;
      stages.push_back(stage);
    }
    ++stages.back().depth;
  }
  const auto count = static_cast<int>(stages.size());
  if (count > kMaxStages || (wanted != 0 && count != wanted)) return RegNetRejection::kStageCount;
  if (empty_level) return RegNetRejection::kEmptyLevel;
  return equal_widths ? RegNetRejection::kEqualWidths : RegNetRejection::kNone;
}

// Compares RegNetStages with its definition and counts the answers.
class Agreement {
 public:
  void Check(const RegNetParameters& parameters) {
    for (const int wanted : {0, 4}) {
      std::vector<Stage> expected;
      const RegNetRejection answer = StagesOfBlocks(parameters, wanted, expected);
      std::array<Stage, kMaxStages> stages;
      int count = 0;
      const RegNetRejection given = RegNetStages(parameters, wanted, stages, count);
      ++answers_[static_cast<size_t>(answer)];
      const auto stages_of_both = static_cast<int>(expected.size());
      const bool agree = given == answer && count == std::min(stages_of_both, kMaxStages + 1) &&
                         (answer != RegNetRejection::kNone ||
                          std::equal(expected.begin(), expected.end(), stages.begin()));
      if (agree) continue;
      ++different_;
      UNSCOPED_INFO("depth " << parameters.depth << ", w0 " << parameters.w0 << ", wa "
                             << parameters.wa << ", wm " << parameters.wm);
    }
  }
  int64_t different() const { return different_; }
  int64_t answered(RegNetRejection answer) const { return answers_[static_cast<size_t>(answer)]; }

 private:
  int64_t different_ = 0;
  std::array<int64_t, 4> answers_{};
};

TEST_CASE("stages are those of the blocks, for parameters like those of the spaces", "[regnet]") {
  Agreement agreement;
  RandomStream random(StreamKey(4, "regnet"), 0);
  for (int i = 0; i < 100'000; ++i) {
    const double w0 = 8 * static_cast<double>(1 + random.Below(32));
    const double wa = random.Below(8) == 0 ? w0 : 8 + static_cast<double>(random.Below(2481)) / 10;
    const double wm = 1.5 + static_cast<double>(random.Below(1501)) / 1000;
    agreement.Check({static_cast<int>(1 + random.Below(64)), w0, wa, wm, 2, 16});
  }
  CHECK(agreement.different() == 0);
  CHECK(agreement.answered(RegNetRejection::kNone) > 10'000);
  CHECK(agreement.answered(RegNetRejection::kEmptyLevel) > 1'000);
}

// A level ends where u_j = w0 * wm^(k + 1/2). With wm a square, w0 and wa chosen so that this is a
// block, or with wm = 2 and 3 where whole levels are blocks.
TEST_CASE("stages are those of the blocks where a block lies on the tie of two levels",
          "[regnet]") {
  const double squares[] = {1.21, 1.5625, 1.96, 2.25, 4, 6.25, 9, 16, 2, 3};
  Agreement agreement;
  RandomStream random(StreamKey(4, "ties"), 0);
  for (int i = 0; i < 100'000; ++i) {
    const double wm = squares[random.Below(std::size(squares))];
    const double w0 = random.Coin() ? 8 * static_cast<double>(1 + random.Below(64))
                                    : static_cast<double>(1 + random.Below(5000)) / 10;
    const double bound = w0 * std::pow(wm, static_cast<double>(random.Below(6)) + 0.5) - w0;
    const double wa = random.Coin() ? bound / static_cast<double>(1 + random.Below(24))
                                    : w0 / static_cast<double>(1 + random.Below(16));
    agreement.Check({static_cast<int>(1 + random.Below(64)), w0, wa, wm, 1, 8});
  }
  CHECK(agreement.different() == 0);
  CHECK(agreement.answered(RegNetRejection::kNone) > 10'000);
}

TEST_CASE("stages are those of the blocks at the ends of every range", "[regnet]") {
  Agreement agreement;
  RandomStream random(StreamKey(4, "ends"), 0);
  for (int i = 0; i < 60'000; ++i) {
    const double w0 = std::exp(random.Uniform(std::log(8), std::log(kMaxWidth)));
    const double was[] = {0, std::exp(random.Uniform(std::log(1e-12), std::log(kMaxWidth))),
                          random.Uniform(0, 1), w0 * random.Uniform(1e-10, 1e-4), 5e-324};
    const double wms[] = {1.0001, random.Uniform(1.0001, 1.01), random.Uniform(1.01, 3),
                          random.Uniform(3, 100), 100};
    const int depths[] = {1, 2, kMaxDepth, static_cast<int>(1 + random.Below(kMaxDepth))};
    agreement.Check(
        {depths[random.Below(4)], w0, was[random.Below(5)], wms[random.Below(5)], 1, 1});
  }
  CHECK(agreement.different() == 0);
  CHECK(agreement.answered(RegNetRejection::kNone) > 1'000);
  CHECK(agreement.answered(RegNetRejection::kEqualWidths) > 100);
}

TEST_CASE("a RegNet in JSON resolves to the network of its name", "[regnet]") {
  const Model named = NamedModel("regnetx-400mf");
  const Model parsed = ParseModel(
      ParseJson(R"({"type":"regnet","depth":22,"w0":24,"wa":24.48,"wm":2.54,"group_width":16})",
                "test"),
      "test");
  CHECK(ModelHash(parsed) == ModelHash(named));
  CHECK(parsed.regnet == named.regnet);
  const Model again = ParseModel(ModelToJson(parsed), "test");
  CHECK(again.regnet == parsed.regnet);
  CHECK(ModelHash(again) == ModelHash(parsed));
}

}  // namespace
}  // namespace dse::regnet_test
