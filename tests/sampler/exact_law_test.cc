// Candidates of spaces whose law is known exactly: every distribution in every place it may have.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sampler/candidate_drawer.h"
#include "sampler/space.h"
#include "tests/sampler/chi_square.h"

namespace dse::exact_law_test {
namespace {

constexpr int64_t kCandidates = 100'000;

Space FromText(const std::string& text) {
  return Space::FromDocument(ParseJson(text, "test"), "test");
}

// Calls `look` with every candidate, none of which is rejected.
void ForEachCandidate(const Space& space,
                      const std::function<void(const Candidate&, const Overrides&)>& look,
                      int64_t candidates = kCandidates) {
  CandidateDrawer drawer(space.compiled(), space.StreamKeyFor(2020));
  Candidate candidate;
  int64_t rejected = 0;
  for (int64_t number = 0; number < candidates; ++number) {
    if (drawer.Draw(number, kAnyBand, candidate)) {
      look(candidate, drawer.DrawOverrides(number));
    } else {
      ++rejected;
    }
  }
  CHECK(rejected == 0);
}

// Log-uniform on multiples of a step: shares of log(high / l) between them, l = low - min(step,
// low/2).
std::vector<double> LogUniform(int low, int high, int step) {
  const double begin = low - std::min<double>(step, low / 2.0);
  std::vector<double> probabilities;
  double before = begin;
  for (int value = low; value <= high; value += step) {
    probabilities.push_back(std::log(value / before) / std::log(high / begin));
    before = value;
  }
  return probabilities;
}
std::vector<double> Equal(size_t cells) {
  return std::vector<double>(cells, 1 / static_cast<double>(cells));
}

void CheckLaw(const std::vector<int64_t>& counts, const std::vector<double>& probabilities) {
  REQUIRE(counts.size() == probabilities.size());
  CHECK(ChiSquare(counts, probabilities) < ChiSquareBound(counts.size()));
}

// Twenty cells of equal probability; `share` is where a value lies in its law, in 0..1.
class EqualCells {
 public:
  void Add(double share) { ++counts_.at(static_cast<size_t>(share * 20)); }
  void Check() const { CheckLaw(counts_, Equal(20)); }

 private:
  std::vector<int64_t> counts_ = std::vector<int64_t>(20);
};
double LogShare(double value, double low, double high) {
  return std::log(value / low) / std::log(high / low);
}
double Share(double value, double low, double high) { return (value - low) / (high - low); }

TEST_CASE("Each stage has the exact law of its own distribution") {
  const Space space = FromText(R"({"type": "anynet", "block": "V", "stages": 4, "parameters": {
      "depth": [{"distribution": "log_uniform", "low": 1, "high": 16, "step": 1},
                {"distribution": "uniform", "low": 3, "high": 12, "step": 3},
                {"distribution": "power_of_two", "low": 1, "high": 32},
                {"distribution": "choice", "values": [7, 2, 5]}],
      "width": {"distribution": "log_uniform", "low": 8, "high": 1024, "step": 8}}})");
  std::vector<int64_t> first(16), second(4), third(6), fourth(3), one_and_four(6);
  std::vector<std::vector<int64_t>> widths(4, std::vector<int64_t>(128));
  ForEachCandidate(space, [&](const Candidate& candidate, const Overrides&) {
    const auto depth = [&](size_t i) { return static_cast<size_t>(candidate.stages[i].depth); };
    ++first.at(depth(0) - 1);
    ++second.at(depth(1) / 3 - 1);
    ++third.at(static_cast<size_t>(std::log2(depth(2))));
    const size_t choice = depth(3) == 7 ? 0 : depth(3) == 2 ? 1 : 2;
    ++fourth.at(choice);
    ++one_and_four.at(3 * (depth(0) > 1) + choice);
    for (size_t i = 0; i < 4; ++i) {
      ++widths[i].at(static_cast<size_t>(candidate.stages[i].width) / 8 - 1);
    }
  });
  CHECK(LogUniform(1, 16, 1).front() == Approx(0.2));  // P(d = 1) = 1/5
  CheckLaw(first, LogUniform(1, 16, 1));
  CheckLaw(second, Equal(4));
  CheckLaw(third, Equal(6));
  CheckLaw(fourth, Equal(3));
  for (const auto& counts : widths) CheckLaw(counts, LogUniform(8, 1024, 8));
  // Stages are independent of one another.
  CheckLaw(one_and_four, {1.0 / 15, 1.0 / 15, 1.0 / 15, 4.0 / 15, 4.0 / 15, 4.0 / 15});
}

TEST_CASE("A shared parameter has the law of one draw, and the others stay independent") {
  const Space space = FromText(R"({"type": "anynet", "block": "R", "stages": 2, "parameters": {
      "depth": {"distribution": "choice", "values": [1, 2]},
      "width": {"distribution": "choice", "values": [64, 128]},
      "bottleneck": {"distribution": "power_of_two", "low": 0.25, "high": 4}},
      "constraints": [{"shared": "bottleneck"}, {"shared": "width"}]})");
  std::vector<int64_t> ratios(5), depths(4), both(10);
  ForEachCandidate(space, [&](const Candidate& candidate, const Overrides&) {
    const Stage& one = candidate.stages[0];
    const Stage& two = candidate.stages[1];
    if (one.bottleneck != two.bottleneck || one.width != two.width) FAIL("not shared");
    const auto ratio = static_cast<size_t>(std::log2(one.bottleneck) + 2);
    ++ratios.at(ratio);
    ++depths.at(static_cast<size_t>(2 * one.depth + two.depth - 3));
    ++both.at(2 * ratio + (one.width == 128));
  });
  CheckLaw(ratios, Equal(5));
  CheckLaw(depths, Equal(4));
  CheckLaw(both, Equal(10));
}

TEST_CASE("Blocks of MBConv draw kernels and expansions with their exact law") {
  const Space space = FromText(R"({"type": "anynet", "block": "MBConv", "stages": 1,
      "resolution": 32, "parameters": {"depth": 1, "width": 16,
        "kernel": {"distribution": "choice", "values": [5, 3, 7]},
        "expansion": {"distribution": "log_uniform", "low": 1, "high": 6, "step": 1}}})");
  std::vector<int64_t> kernels(3), expansions(6);
  ForEachCandidate(space, [&](const Candidate& candidate, const Overrides&) {
    ++kernels.at(static_cast<size_t>(candidate.stages[0].kernel - 3) / 2);
    ++expansions.at(static_cast<size_t>(candidate.stages[0].expansion) - 1);
  });
  CheckLaw(kernels, Equal(3));
  CheckLaw(expansions, LogUniform(1, 6, 1));
}

// A RegNet of one block is never rejected: its parameters keep the law they are drawn with.
std::string OneBlock(const std::string& parameters) {
  return R"({"type": "regnet", "block": "V", "stages": 1, "parameters": {"depth": 1, )" +
         parameters + "}}";
}

TEST_CASE("A RegNet's parameters have the exact law of their steps") {
  const Space space = FromText(OneBlock(
      R"("w0": {"distribution": "log_uniform", "low": 8, "high": 256, "step": 8},
         "wa": {"distribution": "log_uniform", "low": 8, "high": 256, "step": 0.1},
         "wm": {"distribution": "uniform", "low": 1.5, "high": 3, "step": 0.125})"));
  std::vector<int64_t> w0(32), wa(2481), wm(13);
  ForEachCandidate(
      space,
      [&](const Candidate& candidate, const Overrides&) {
        const RegNetParameters& regnet = candidate.regnet;
        ++w0.at(static_cast<size_t>(regnet.w0) / 8 - 1);
        ++wa.at(static_cast<size_t>(std::lround(regnet.wa * 10)) - 80);
        ++wm.at(static_cast<size_t>((regnet.wm - 1.5) * 8));
      },
      4 * kCandidates);
  CheckLaw(w0, LogUniform(8, 256, 8));
  CheckLaw(wa, LogUniform(80, 2560, 1));  // in tenths
  CheckLaw(wm, Equal(13));
}

TEST_CASE("A RegNet's parameters without steps have equal shares of their law") {
  const Space space =
      FromText(OneBlock(R"("w0": {"distribution": "log_uniform", "low": 8, "high": 256},
                           "wa": {"distribution": "uniform", "low": 0, "high": 128},
                           "wm": {"distribution": "log_uniform", "low": 1.5, "high": 3})"));
  EqualCells w0, wa, wm;
  ForEachCandidate(space, [&](const Candidate& candidate, const Overrides&) {
    w0.Add(LogShare(candidate.regnet.w0, 8, 256));
    wa.Add(Share(candidate.regnet.wa, 0, 128));
    wm.Add(LogShare(candidate.regnet.wm, 1.5, 3));
  });
  w0.Check();
  wa.Check();
  wm.Check();
}

TEST_CASE("w0 and wa that are the same have the law of the one that is drawn") {
  for (const char* parameters :
       {R"("wm": 2, "w0": {"distribution": "log_uniform", "low": 8, "high": 256},
           "wa": {"same_as": "w0"})",
        R"("wm": 2, "wa": {"distribution": "log_uniform", "low": 8, "high": 256},
           "w0": {"same_as": "wa"})"}) {
    EqualCells cells;
    ForEachCandidate(FromText(OneBlock(parameters)),
                     [&](const Candidate& candidate, const Overrides&) {
                       if (candidate.regnet.w0 != candidate.regnet.wa) FAIL("not the same");
                       cells.Add(LogShare(candidate.regnet.wa, 8, 256));
                     });
    cells.Check();
  }
}

TEST_CASE("Learning rate and weight decay have their exact law, independent of each other") {
  const Space space = FromText(OneBlock(
      R"("w0": 8, "wa": 0, "wm": 2,
         "lr": {"distribution": "log_uniform", "low": 0.001, "high": 10},
         "weight_decay": {"distribution": "uniform", "low": 0.0001, "high": 0.001})"));
  EqualCells lr, decay;
  std::vector<int64_t> both(4);
  ForEachCandidate(space, [&](const Candidate&, const Overrides& overrides) {
    const double lr_share = LogShare(*overrides.lr, 0.001, 10);
    const double decay_share = Share(*overrides.weight_decay, 0.0001, 0.001);
    lr.Add(lr_share);
    decay.Add(decay_share);
    ++both[2 * (lr_share > 0.5) + (decay_share > 0.5)];
  });
  lr.Check();
  decay.Check();
  CheckLaw(both, Equal(4));

  const Space stepped = FromText(OneBlock(
      R"("w0": 8, "wa": 0, "wm": 2,
         "lr": {"distribution": "log_uniform", "low": 0.05, "high": 1, "step": 0.05},
         "weight_decay": {"distribution": "choice", "values": [5e-5, 0, 1e-5]})"));
  std::vector<int64_t> rates(20), decays(3);
  ForEachCandidate(stepped, [&](const Candidate&, const Overrides& overrides) {
    ++rates.at(static_cast<size_t>(std::lround(*overrides.lr * 20)) - 1);
    ++decays.at(*overrides.weight_decay == 5e-5 ? 0 : *overrides.weight_decay == 0 ? 1 : 2);
  });
  CheckLaw(rates, LogUniform(1, 20, 1));  // in twentieths
  CheckLaw(decays, Equal(3));
}

TEST_CASE("Resolutions and stages of a list are equally likely and independent") {
  const Space space = FromText(R"({"type": "anynet", "block": "V", "stages": [2, 5, 3],
      "resolution": [64, 32, 224, 96], "parameters": {"depth": 1, "width": 8}})");
  std::vector<int64_t> counts(12);
  ForEachCandidate(space, [&](const Candidate& candidate, const Overrides&) {
    const int stages = candidate.stage_count;
    ++counts.at(4 * (stages == 2 ? 0 : stages == 3 ? 1 : 2) + candidate.frame);
  });
  CheckLaw(counts, Equal(12));
}

TEST_CASE("Models of a list are equally likely at each resolution") {
  const Space space = FromText(R"({"type": "models", "resolution": [64, 96],
      "models": ["resnet-50", "regnetx-400mf", "regnety-8.0gf"]})");
  std::vector<int64_t> counts(6);
  ForEachCandidate(
      space, [&](const Candidate& candidate, const Overrides&) { ++counts.at(candidate.model); });
  CheckLaw(counts, Equal(6));
}

TEST_CASE("Group widths by compute have the exact law of each range") {
  // Flops stay in one range whatever the group width is.
  const auto count = [](int depth, size_t cells, const std::function<size_t(int)>& cell) {
    const Space space = FromText(R"({"type": "anynet", "stages": 1, "parameters": {"width": 512,
        "bottleneck": 1, "group_width": "by_compute", "depth": )" +
                                 std::to_string(depth) + "}}");
    std::vector<int64_t> counts(cells);
    ForEachCandidate(space, [&](const Candidate& candidate, const Overrides&) {
      ++counts.at(cell(candidate.stages[0].group_width));
    });
    CheckLaw(counts, Equal(cells));
  };
  const auto eighths = [](int group_width) { return static_cast<size_t>(group_width) / 8 - 2; };
  // The first block takes about 1.1 GF + 14 MF * g (9 * 512 * 56^2 = 14.5 MF), each further one 1.6
  // GF + 14 MF * g: two blocks have 2.7 to 4.6 GF, six 9.3 GF or more.
  count(2, 7, eighths);
  count(6, 15, eighths);
  const Space small = FromText(R"({"type": "anynet", "stages": 1, "resolution": 32, "parameters": {
      "width": 512, "bottleneck": 1, "group_width": "by_compute", "depth": 1}})");
  std::vector<int64_t> counts(6);
  ForEachCandidate(small, [&](const Candidate& candidate, const Overrides&) {
    ++counts.at(static_cast<size_t>(std::log2(candidate.stages[0].group_width)));
  });
  CheckLaw(counts, Equal(6));
}

}  // namespace
}  // namespace dse::exact_law_test
