// In a flop band, the fast sampler against the plain one with numbers of another generator: the
// same law for every kind of constraint.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sampler/candidate_drawer.h"
#include "sampler/space.h"
#include "tests/sampler/chi_square.h"
#include "tests/sampler/plain_sampler.h"

namespace dse::band_law_test {
namespace {

// What is looked at of a sample, by name: "d1", "w2", "ties of width", "flops", ...
using Tally = std::map<std::string, Histogram>;

void Count(const Model& model, int64_t flops, const Band& band, Tally& tally) {
  int width_ties = 0;
  int depth_ties = 0;
  for (size_t i = 0; i < model.stages.size(); ++i) {
    const Stage& stage = model.stages[i];
    const std::string at = std::to_string(i + 1);
    ++tally["d" + at][stage.depth];
    ++tally["w" + at][static_cast<int64_t>(3 * std::log2(stage.width))];
    ++tally["b" + at][static_cast<int64_t>(stage.bottleneck * 64)];
    ++tally["g" + at][stage.group_width];
    width_ties += i > 0 && stage.width == model.stages[i - 1].width;
    depth_ties += i > 0 && stage.depth == model.stages[i - 1].depth;
  }
  ++tally["ties of width"][width_ties];
  ++tally["ties of depth"][depth_ties];
  ++tally["depth"][TotalDepth(model)];
  ++tally["stages"][static_cast<int64_t>(model.stages.size())];
  ++tally["resolution"][model.frame.resolution];
  ++tally["flops"][10 * (flops - band.low) / (band.high - band.low + 1)];
}

Tally FastTally(const Space& space, const Band& band, int64_t members) {
  Tally tally;
  Candidate candidate;
  CandidateDrawer drawer(space.compiled(), space.StreamKeyFor(5));
  Histogram& accepted = tally["accepted"];
  for (int64_t number = 0; accepted[1] < members; ++number) {
    const bool drawn = drawer.Draw(number, band, candidate);
    ++accepted[drawn];
    if (!drawn) continue;
    Count(ModelOf(space.compiled(), candidate), candidate.complexity.flops, band, tally);
  }
  return tally;
}

// `change` is done to each network before the band is looked at.
template <typename Change>
Tally PlainTally(const Space& space, const Band& band, int64_t members, Change change) {
  Tally tally;
  const PlainSampler plain(space.spec());
  IndependentUniforms uniforms(20205);
  Histogram& accepted = tally["accepted"];
  while (accepted[1] < members) {
    std::optional<PlainDraw> draw = plain.Draw(uniforms);
    if (draw) change(*draw);
    const bool inside = draw && band.Contains(draw->complexity.flops);
    ++accepted[inside];
    if (inside) Count(draw->model, draw->complexity.flops, band, tally);
  }
  return tally;
}
Tally PlainTally(const Space& space, const Band& band, int64_t members) {
  return PlainTally(space, band, members, [](PlainDraw&) {});
}

Space FromText(const std::string& text) {
  return Space::FromDocument(ParseJson(text, "test"), "test");
}

void CheckSameLaw(const std::string& text, const std::string& flops, int64_t members) {
  INFO(text);
  const Space space = FromText(text);
  const Band band = ParseBand(flops);
  Tally fast = FastTally(space, band, members);
  Tally plain = PlainTally(space, band, members);
  CHECK(fast.size() == plain.size());
  for (const auto& [name, histogram] : fast) {
    const TwoSampleChiSquare compared = CompareSamples(histogram, plain[name]);
    INFO(name << ": " << compared.statistic << " in " << compared.cells << " cells");
    CHECK(compared.Passes());
  }
}

TEST_CASE("The statistic of two samples is that of a two-row table") {
  // Rows 60 20 and 40 80, worked by hand: expected 40 40 and 60 60, so 10 + 10 + 20/3 + 20/3.
  const TwoSampleChiSquare compared = CompareSamples({{1, 60}, {2, 20}}, {{1, 40}, {2, 80}});
  CHECK(compared.statistic == Approx(100.0 / 3));
  CHECK(compared.cells == 2);
  CHECK_FALSE(compared.Passes());
  // Cells of 4 and 5 are joined to one of 9.
  CHECK(CompareSamples({{1, 30}, {2, 4}}, {{1, 20}, {3, 5}}).cells == 2);
}

TEST_CASE("AnyNetXA to AnyNetXC have the plain law in 360 to 400 MF", "[many-draws]") {
  CheckSameLaw(R"({"extends": "AnyNetXA"})", "360M:400M", 3'000);
  CheckSameLaw(R"({"extends": "AnyNetXB"})", "360M:400M", 3'000);
  CheckSameLaw(R"({"extends": "AnyNetYC"})", "360M:400M", 3'000);
}

TEST_CASE("Orders of widths and depths have the plain law in a band, ties included",
          "[one-thread][many-draws]") {
  CheckSameLaw(R"({"extends": "AnyNetXD", "stages": 3})", "360M:400M", 1'000);
  CheckSameLaw(R"({"extends": "AnyNetXD"})", "360M:400M", 200);
  CheckSameLaw(R"({"extends": "AnyNetXE", "stages": 3})", "300M:400M", 500);
  CheckSameLaw(R"({"extends": "AnyNetRB", "stages": 3, "parameters": {
                    "width": {"distribution": "log_uniform", "low": 32, "high": 512, "step": 32}},
                  "constraints": [{"non_increasing": "width"}, {"non_increasing": "depth"}]})",
               "300M:900M", 1'000);
  CheckSameLaw(R"({"extends": "AnyNetXA", "stages": 3, "parameters": {
                    "width": {"distribution": "choice", "values": [64, 96, 128, 256]},
                    "depth": {"distribution": "log_uniform", "low": 1, "high": 8, "step": 1}},
                  "constraints": [{"equal": "width"}, {"equal": "depth"}]})",
               "300M:900M", 1'000);
}

TEST_CASE("Bounds on depth, params and acts have the plain law in a band",
          "[one-thread][many-draws]") {
  CheckSameLaw(R"({"extends": "AnyNetXA", "constraints": [{"total_depth": [12, 16]}]})",
               "360M:400M", 1'500);
  CheckSameLaw(R"({"extends": "AnyNetXA", "constraints": [{"params_at_most": {"m": 3}}]})",
               "360M:400M", 1'500);
  CheckSameLaw(R"({"extends": "AnyNetXA",
                   "constraints": [{"acts_at_most": {"m_per_sqrt_gf": 6.5}}]})",
               "360M:400M", 1'500);
}

TEST_CASE("RegNets have the plain law in a band") {
  CheckSameLaw(R"({"extends": "RegNetX"})", "360M:400M", 300);
  CheckSameLaw(R"({"extends": "RegNetX-final", "stages": [3, 4],
                   "parameters": {"wa": {"same_as": "w0"}}})",
               "300M:900M", 1'000);
}

TEST_CASE("Group widths by compute have the plain law across the bounds of their ranges") {
  const std::string space = R"({"extends": "AnyNetXC", "parameters": {"group_width": "by_compute",
      "width": {"distribution": "uniform", "low": 64, "high": 1024, "step": 8}},
      "constraints": [{"non_decreasing": "width"}], "stages": 3})";
  CheckSameLaw(space, "1.2G:2G", 800);
  CheckSameLaw(space, "5.6G:7.2G", 800);
}

TEST_CASE("Lists of stages and resolutions have the plain law in a band") {
  CheckSameLaw(R"({"extends": "AnyNetXA", "stages": [3, 5, 4], "resolution": [224, 160, 192]})",
               "360M:400M", 3'000);
}

TEST_CASE("Sorted widths are another law than rejection, and its ties tell") {
  // Sorting gives a network with two widths the weight of both orders and one with a tie that of
  // one.
  const Band band = ParseBand("300M:400M");
  const Space sorted = FromText(R"({"extends": "AnyNetVA", "stages": 3})");
  const Space rejected = FromText(
      R"({"extends": "AnyNetVA", "stages": 3, "constraints": [{"non_decreasing": "width"}]})");
  Tally fast = FastTally(rejected, band, 3'000);
  Tally plain = PlainTally(sorted, band, 3'000, [](PlainDraw& draw) {
    std::vector<Stage>& stages = draw.model.stages;
    std::vector<int> widths;
    for (const Stage& stage : stages) widths.push_back(stage.width);
    std::sort(widths.begin(), widths.end());
    for (size_t i = 0; i < stages.size(); ++i) stages[i].width = widths[i];
    draw.complexity = CountComplexity(draw.model);
  });
  CHECK_FALSE(CompareSamples(fast["ties of width"], plain["ties of width"]).Passes());
}

}  // namespace
}  // namespace dse::band_law_test
