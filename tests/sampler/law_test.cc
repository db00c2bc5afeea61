// The fast sampler draws what the plain one draws, candidate by candidate.

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "sampler/candidate_drawer.h"
#include "sampler/sampler.h"
#include "tests/sampler/plain_sampler.h"
#include "tests/sampler/random_space.h"

namespace dse::law_test {
namespace {

constexpr size_t kRandomSpaces = 300;

// Whether the message is about a document that is well-formed, but whose space is empty or
// boundless.
bool IsContradiction(const std::string& message) {
  const auto says = [&](const char* text) { return message.find(text) != std::string::npos; };
  return says("no network can keep") || says("none of the models keeps") ||
         says(": no network has") || says("too large to count");
}

// Space number `number` of an endless list: random documents, but for those that contradict
// themselves.
Space RandomSpace(uint64_t number) {
  RandomStream random(20201, number);
  for (int attempt = 0; attempt < 100; ++attempt) {
    const Json document = RandomSpaceDocument(random);
    try {
      return Space::FromDocument(document, "random");
    } catch (const Error& error) {
      INFO(document.dump());
      INFO(error.what());
      REQUIRE(IsContradiction(error.what()));
    }
  }
  throw Error("a hundred documents in a row contradict themselves");
}

using PlainDraws = std::vector<std::optional<PlainDraw>>;

PlainDraws DrawPlainly(const Space& space, uint64_t key, int64_t candidates) {
  const PlainSampler plain(space.spec());
  PlainDraws draws;
  for (int64_t number = 0; number < candidates; ++number) {
    CandidateUniforms uniforms(key, number);
    draws.push_back(plain.Draw(uniforms));
  }
  return draws;
}

bool SameModel(const Model& a, const Model& b) {
  return a.name == b.name && a.frame == b.frame && a.stages == b.stages && a.regnet == b.regnet;
}

// How many candidates differ.
int64_t CountDifferent(const Space& space, uint64_t key, const Band& band,
                       const PlainDraws& expected) {
  int64_t different = 0;
  CandidateDrawer drawer(space.compiled(), key);
  Candidate candidate;
  for (size_t i = 0; i < expected.size(); ++i) {
    const auto number = static_cast<int64_t>(i);
    const bool drawn = drawer.Draw(number, band, candidate);
    const bool wanted = expected[i] && band.Contains(expected[i]->complexity.flops);
    different += drawn != wanted;
    if (!drawn || !wanted) continue;
    different += !(candidate.complexity == expected[i]->complexity);
    different += !SameModel(ModelOf(space.compiled(), candidate), expected[i]->model);
    different += !(drawer.DrawOverrides(number) == expected[i]->overrides);
  }
  return different;
}

// Bands that end at multiply-adds which really occur, so that early exits are right to the last
// unit: everything, one network's alone, some around the median, the lower half, the upper half.
std::vector<Band> BandsOf(const PlainDraws& draws) {
  std::vector<int64_t> flops;
  for (const auto& draw : draws) {
    if (draw) flops.push_back(draw->complexity.flops);
  }
  std::vector<Band> bands{kAnyBand};
  if (flops.empty()) return bands;
  const int64_t one = flops.front();
  std::sort(flops.begin(), flops.end());
  const auto at = [&](size_t tenths) { return flops[(flops.size() - 1) * tenths / 10]; };
  bands.push_back({one, one});
  bands.push_back({at(5), at(6)});
  bands.push_back({at(5) + 1, at(7) - 1});
  bands.push_back({0, at(5)});
  bands.push_back({at(5), kAnyBand.high});
  return bands;
}

// Compares both samplers and returns how many candidates the space accepts.
int64_t CheckIdentity(const Space& space, uint64_t seed, int64_t candidates) {
  const uint64_t key = space.StreamKeyFor(seed);
  const PlainDraws expected = DrawPlainly(space, key, candidates);
  for (const Band& band : BandsOf(expected)) {
    INFO(space.document().dump());
    INFO(band.low << ":" << band.high);
    CHECK(CountDifferent(space, key, band, expected) == 0);
  }
  return std::count_if(expected.begin(), expected.end(), [](const auto& draw) { return !!draw; });
}

TEST_CASE("Every built-in space draws what plain rejection draws, with and without bands") {
  for (const std::string& name : BuiltInSpaceNames()) {
    INFO(name);
    const Space space = Space::Load(name);
    CHECK(CheckIdentity(space, 42, 3'000) > 3);
  }
}

// What a document has, for the count of what was really compared.
std::vector<std::string> FeaturesOf(const Space& space) {
  const Json& document = space.document();
  std::vector<std::string> features{document["type"]};
  if (document.contains("block"))
    features.push_back("block " + document["block"].get<std::string>());
  for (const char* key : {"stages", "resolution"}) {
    if (document.contains(key) && document[key].is_array()) features.push_back(key);
  }
  for (const auto& [key, law] : document["parameters"].items()) {
    const bool of_network = key == "lr" || key == "weight_decay" || key[0] == 'w';
    if (of_network) features.push_back(key);
    if (law.is_array()) features.push_back(key + " by stage");
    if (law == "by_compute") features.push_back("by_compute");
    if (law.is_object() && law.contains("same_as")) features.push_back("same_as");
    if (law.is_object() && law.contains("distribution")) features.push_back(law["distribution"]);
  }
  for (const Json& constraint : document["constraints"]) {
    const std::string kind = constraint.begin().key();
    const Json& what = constraint.begin().value();
    features.push_back(what.is_string() ? kind + " " + what.get<std::string>() : kind);
  }
  return features;
}

TEST_CASE("Random spaces draw what plain rejection draws, with and without bands", "[one-thread]") {
  std::map<std::string, int64_t> accepted;  // by feature
  for (size_t i = 0; i < kRandomSpaces; ++i) {
    const Space space = RandomSpace(i);
    const int64_t count = CheckIdentity(space, i, 2'000);
    for (const std::string& feature : FeaturesOf(space)) accepted[feature] += count;
  }
  // The comparison is of some weight for every word of the grammar.
  for (const char* feature : {"anynet",
                              "regnet",
                              "models",
                              "block X",
                              "block Y",
                              "block R",
                              "block V",
                              "block VR",
                              "block Basic",
                              "block MBConv",
                              "stages",
                              "resolution",
                              "depth by stage",
                              "width by stage",
                              "bottleneck by stage",
                              "group_width by stage",
                              "kernel by stage",
                              "expansion by stage",
                              "by_compute",
                              "same_as",
                              "lr",
                              "weight_decay",
                              "uniform",
                              "log_uniform",
                              "power_of_two",
                              "choice",
                              "shared depth",
                              "shared width",
                              "shared bottleneck",
                              "shared group_width",
                              "shared kernel",
                              "shared expansion",
                              "equal width",
                              "equal depth",
                              "non_decreasing width",
                              "non_decreasing depth",
                              "non_increasing width",
                              "non_increasing depth",
                              "total_depth",
                              "params_at_most",
                              "acts_at_most"}) {
    INFO(feature);
    CHECK(accepted[feature] > 500);
  }
}

TEST_CASE("A network whose group widths go by compute keeps its range though it breaks an order") {
  // Widths near one another: whether they fall depends on the multiples that groups make of them.
  const Space space = Space::FromDocument(ParseJson(R"({"type": "anynet", "stages": 2,
      "parameters": {"depth": {"distribution": "uniform", "low": 1, "high": 8, "step": 1},
                     "width": {"distribution": "uniform", "low": 300, "high": 400, "step": 1},
                     "bottleneck": 1, "group_width": "by_compute"},
      "constraints": [{"shared": "group_width"}, {"non_decreasing": "width"}]})",
                                                    "test"),
                                          "test");
  CHECK(CheckIdentity(space, 1, 20'000) > 1'000);
}

bool SameDraws(const std::vector<Draw>& a, const std::vector<Draw>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Draw& x, const Draw& y) {
    return x.index == y.index && x.candidate == y.candidate && x.hash == y.hash &&
           SameModel(x.model, y.model) && x.complexity == y.complexity &&
           x.overrides == y.overrides;
  });
}

TEST_CASE("The largest tables that are let in draw what plain rejection draws") {
  const Json widest{{"distribution", "uniform"}, {"low", 1}, {"high", 16384}, {"step", 1}};
  Json values = Json::array();
  for (int i = 65536; i > 0; --i) values.push_back(i / 65536.0);
  const Space space =
      Space::FromDocument({{"extends", "AnyNetXA"},
                           {"stages", 8},
                           {"resolution", 8},
                           {"parameters",
                            {{"width", std::vector<Json>(8, widest)},
                             {"group_width", std::vector<Json>(8, widest)},
                             {"lr", {{"distribution", "choice"}, {"values", values}}}}}},
                          "test");
  CHECK(CheckIdentity(space, 1, 2'000) > 100);
}

TEST_CASE("A population of a random space is the same on any number of threads, and grows") {
  for (size_t i = 0; i < 40; ++i) {
    const Space space = RandomSpace(i);
    INFO(space.document().dump());
    const uint64_t key = space.StreamKeyFor(i);
    const std::vector<Band> bands = BandsOf(DrawPlainly(space, key, 500));
    SampleRequest request;
    request.seed = i;
    request.band = bands.back();
    request.count = 50;
    request.max_tries = 5'000;
    request.threads = 1;
    const SampleResult one = SamplePopulation(space, request);
    request.threads = 3;
    const SampleResult three = SamplePopulation(space, request);
    CHECK(SameDraws(one.draws, three.draws));
    CHECK(one.report.candidates == three.report.candidates);
    CHECK(one.report.duplicates == three.report.duplicates);
    request.count = 20;
    const SampleResult shorter = SamplePopulation(space, request);
    const size_t size = shorter.draws.size();
    CHECK(size == std::min<size_t>(20, one.draws.size()));
    CHECK(SameDraws(shorter.draws,
                    {one.draws.begin(), one.draws.begin() + std::min(size, one.draws.size())}));
  }
}

TEST_CASE("The resolved document of a random space means the same space") {
  for (size_t i = 0; i < kRandomSpaces; ++i) {
    const Space space = RandomSpace(i);
    INFO(space.document().dump());
    const Space again = Space::FromDocument(ParseJson(space.document().dump(), "copy"), "copy");
    CHECK(again.document() == space.document());
    CHECK(again.StreamKeyFor(i) == space.StreamKeyFor(i));
  }
}

}  // namespace
}  // namespace dse::law_test
