// Documents that no one would write: the fuzz target on seeded mutations of valid ones, and
// documents made to be expensive.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/rng.h"
#include "sampler/space.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/sampler/random_space.h"

namespace dse::space_mutation_test {
namespace {

void CollectNodes(Json& node, std::vector<Json*>& nodes) {
  nodes.push_back(&node);
  if (!node.is_structured()) return;
  for (Json& child : node) CollectNodes(child, nodes);
}

class Mutator {
 public:
  explicit Mutator(RandomStream& random) : random_(random) {}

  std::string Mutated(Json document, Json other) {
    if (random_.Coin()) {
      for (uint64_t i = 0; i <= random_.Below(3); ++i) MutateTree(document, other);
      return document.dump();
    }
    std::string text = document.dump();
    for (uint64_t i = 0; i <= random_.Below(4); ++i) MutateText(text);
    return text;
  }

 private:
  size_t Below(size_t n) { return static_cast<size_t>(random_.Below(n)); }
  Json& AnyNode(Json& document) {
    std::vector<Json*> nodes;
    CollectNodes(document, nodes);
    return *nodes[Below(nodes.size())];
  }

  void MutateTree(Json& document, Json& other) {
    Json& node = AnyNode(document);
    switch (random_.Below(5)) {
      case 0:
        std::swap(node, AnyNode(other));
        break;
      case 1:
        node = Json(AnyNode(document));
        break;
      case 2:
        node = OddNumber();
        break;
      case 3:
        if (node.is_structured() && !node.empty()) node.erase(std::next(node.begin(), Pick(node)));
        break;
      default:
        if (node.is_array()) node.push_back(Json(AnyNode(other)));
        if (node.is_object()) node["stages"] = OddNumber();
    }
  }
  std::ptrdiff_t Pick(const Json& node) { return static_cast<std::ptrdiff_t>(Below(node.size())); }
  Json OddNumber() {
    const std::vector<Json> numbers{0,         -1,        2,     8,      16384,      65536,
                                    INT64_MAX, INT64_MIN, 1e308, -1e308, 1e-300,     0.1,
                                    1e9,       1e-9,      7.5,   -0.0,   UINT64_MAX, nullptr};
    return numbers[Below(numbers.size())];
  }

  void MutateText(std::string& text) {
    if (text.empty()) return;
    const size_t at = Below(text.size());
    const size_t length = 1 + Below(8);
    switch (random_.Below(4)) {
      case 0:
        text[at] = static_cast<char>(text[at] ^ (1 << random_.Below(8)));
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        text.insert(at, text.substr(Below(text.size()), 4 * length));
        break;
      default:
        text.insert(at, length, "0123456789.-eE[]{}\",:"[random_.Below(21)]);
    }
  }

  RandomStream& random_;
};

TEST_CASE("Mutations of valid documents are refused with an error or make a space",
          "[one-thread]") {
  const std::vector<std::string>& names = BuiltInSpaceNames();
  for (uint64_t i = 0; i < 4'000; ++i) {
    RandomStream random(14, i);
    const std::string& name = names[static_cast<size_t>(i % names.size())];
    const Json document = i % 2 ? RandomSpaceDocument(random) : Space::Load(name).document();
    const std::string text = Mutator(random).Mutated(document, RandomSpaceDocument(random));
    INFO(text);
    CHECK(LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(text.data()), text.size()) == 0);
  }
}

std::string ErrorOf(const Json& document) {
  try {
    Space::FromDocument(document, "s.json");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST_CASE("Documents made to be expensive are refused before they are", "[one-thread]") {
  const Json law{{"distribution", "uniform"}, {"low", 1}, {"high", 16384}, {"step", 1}};
  CHECK(ErrorOf({{"extends", "AnyNetXA"},
                 {"parameters", {{"width", std::vector<Json>(100'000, law)}}}}) ==
        "s.json: parameters.width has 100000 entries; no network has over 8 stages");

  Json constraints = Json::array();
  for (int i = 0; i < 100'000; ++i) constraints.push_back({{"total_depth", {1, 100 + i}}});
  CHECK(ErrorOf({{"extends", "AnyNetXA"}, {"constraints", constraints}}) ==
        "s.json: constraints has 100000 entries, over 1000");
  CHECK(ErrorOf({{"extends", "AnyNetXA"}, {"remove_constraints", constraints}}) ==
        "s.json: remove_constraints has 100000 entries, over 1000");

  std::vector<int> resolutions(1000);
  for (int i = 0; i < 1000; ++i) resolutions[static_cast<size_t>(i)] = 8 + i;
  CHECK(ErrorOf({{"type", "models"},
                 {"resolution", resolutions},
                 {"models", std::vector<Json>(11, "resnet-50")}}) ==
        "s.json: 11 models at 1000 resolutions are 11000 networks, over 10000");

  const std::string word(10'000'000, 'q');
  CHECK_THAT(ErrorOf({{"extends", word}}), Catch::Contains("there is no space and no file named"));
  CHECK_THAT(ErrorOf({{"extends", "AnyNetXA"}, {word, 1}}), Catch::Contains("unknown key"));
  CHECK_THROWS_AS(ParseJson(std::string(10'000'000, '['), "s.json"), Error);
}

}  // namespace
}  // namespace dse::space_mutation_test
