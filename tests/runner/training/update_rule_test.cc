#include "runner/training/update_rule.h"

#include <catch2/catch.hpp>

namespace dse::update_rule_test {

TEST_CASE("Norms and biases have the recipe's weight decay unless they have their own") {
  Recipe recipe;
  recipe.weight_decay = 0.5;
  for (const ParameterKind kind :
       {ParameterKind::kWeight, ParameterKind::kNorm, ParameterKind::kBias}) {
    CHECK(WeightDecay(kind, recipe) == 0.5);
  }
  recipe.weight_decay_norm = 0;
  recipe.weight_decay_bias = 0.25;
  CHECK(WeightDecay(ParameterKind::kWeight, recipe) == 0.5);
  CHECK(WeightDecay(ParameterKind::kNorm, recipe) == 0);
  CHECK(WeightDecay(ParameterKind::kBias, recipe) == 0.25);
}

TEST_CASE("Parts move running statistics as their batch would") {
  CHECK(PartMomentum({1, 1}, 0) == 0.1);
  CHECK(PartMomentum({2, 1}, 0) == 0.1);  // replicas share theirs afterwards
  for (const int parts : {2, 4, 8}) {
    // Of statistics s, r becomes (1 - m) r + m s for one part after another.
    double running = 3;
    double mean = 0;
    for (int i = 0; i < parts; ++i) {
      const double statistic = 1.5 * i;
      mean += statistic / parts;
      const double momentum = PartMomentum({1, parts}, i);
      running = (1 - momentum) * running + momentum * statistic;
    }
    CHECK(running == Approx(0.9 * 3 + 0.1 * mean));
  }
}

}  // namespace dse::update_rule_test
