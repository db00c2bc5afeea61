#include "runner/training/learning_rate.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace dse::learning_rate_test {
namespace {

Recipe Parse(const std::string& text) { return ParseRecipe(ParseJson(text, "r.json"), "r.json"); }

TEST_CASE("the learning rate falls along half a cosine") {
  // 0.05 (1 + cos(pi t / 10)) / 2: t = 0 whole, t = 5 half, t = 9 with cos(0.9 pi) = -0.9510565163.
  const Recipe recipe = LoadRecipe("paper-10");
  CHECK(LearningRate(recipe, 0) == 0.05);
  CHECK(LearningRate(recipe, 5) == Approx(0.025).epsilon(1e-12));
  CHECK(LearningRate(recipe, 9) == Approx(0.0012235870926).epsilon(1e-9));
}

TEST_CASE("the learning rate scales with the batch and rises in the warm-up") {
  // 0.1 at 128 is 0.8 at 1024. Factors 0.1 (1 - t/5) + t/5: 0.1, 0.28, 0.46, 0.64, 0.82, then none.
  const Recipe recipe = LoadRecipe("paper-100");
  CHECK(LearningRate(recipe, 0) == Approx(0.08).epsilon(1e-12));
  // cos(0.01 pi) = 0.99950656037, cos(0.04 pi) = 0.99211470131, cos(0.05 pi) = 0.98768834060.
  CHECK(LearningRate(recipe, 1) == Approx(0.8 * 0.999753280183 * 0.28).epsilon(1e-9));
  CHECK(LearningRate(recipe, 4) == Approx(0.8 * 0.996057350657 * 0.82).epsilon(1e-9));
  CHECK(LearningRate(recipe, 5) == Approx(0.8 * 0.993844170298).epsilon(1e-9));
}

TEST_CASE("a constant schedule stays and still warms up") {
  const Recipe recipe =
      Parse(R"({"schedule": "constant", "lr": 0.4, "warmup_epochs": 2, "warmup_factor": 0.5})");
  CHECK(LearningRate(recipe, 0) == Approx(0.2));
  CHECK(LearningRate(recipe, 1) == Approx(0.3));
  CHECK(LearningRate(recipe, 2) == Approx(0.4));
  CHECK(LearningRate(recipe, 9) == Approx(0.4));
}

}  // namespace
}  // namespace dse::learning_rate_test
