#include <catch2/catch.hpp>

#include "runner/torch/probes.h"

namespace dse {
namespace {

TEST_CASE("Momentum follows PyTorch's definition") {
  Recipe recipe;
  recipe.momentum = 0.5;
  recipe.weight_decay = 0;
  recipe.nesterov = false;
  // m = 1, 1.5; w = 1 - 0.1 = 0.9, then 0.9 - 0.15 = 0.75.
  const std::vector<double> plain = probe::SgdPath(recipe, 0.1, 2);
  CHECK(plain[0] == Approx(0.9));
  CHECK(plain[1] == Approx(0.75));
  // Steps of 1 + 0.5 * 1 = 1.5 and 1 + 0.5 * 1.5 = 1.75.
  recipe.nesterov = true;
  const std::vector<double> nesterov = probe::SgdPath(recipe, 0.1, 2);
  CHECK(nesterov[0] == Approx(0.85));
  CHECK(nesterov[1] == Approx(0.675));
}

TEST_CASE("Weight decay adds to the gradient") {
  Recipe recipe;
  recipe.momentum = 0;
  recipe.nesterov = false;
  recipe.weight_decay = 0.5;
  // d = 1 + 0.5 * 1; then 1 + 0.5 * 0.85.
  const std::vector<double> path = probe::SgdPath(recipe, 0.1, 2);
  CHECK(path[0] == Approx(0.85));
  CHECK(path[1] == Approx(0.85 - 0.1 * 1.425));
}

TEST_CASE("Losses on a GPU follow those on the CPU", "[.gpu]") {
  Recipe recipe;
  recipe.batch_size = 32;
  const Model model =
      ParseModel(ParseJson(R"({"type":"anynet","block":"Y","stem":"cifar","resolution":32,
    "classes":10,"depths":[1,1],"widths":[16,32],"bottleneck":1,"group_widths":8})",
                           "test"),
                 "test");
  const std::vector<double> cpu = probe::FirstLosses(model, recipe, "cpu", 4);
  const std::vector<double> gpu = probe::FirstLosses(model, recipe, "cuda", 4);
  // TF32 convolutions have 10 bits.
  for (size_t i = 0; i < cpu.size(); ++i) CHECK(gpu[i] == Approx(cpu[i]).epsilon(0.02));
}

}  // namespace
}  // namespace dse
