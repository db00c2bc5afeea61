#include "core/regnet.h"

#include <array>
#include <catch2/catch.hpp>

#include "core/named_models.h"

namespace dse {
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
}  // namespace dse
