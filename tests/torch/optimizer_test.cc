#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "runner/torch/device_probes.h"
#include "runner/torch/probes.h"

namespace dse::optimizer_test {
namespace {

TEST_CASE("Momentum follows PyTorch's definition") {
  Recipe recipe;
  recipe.momentum = 0.5;
  recipe.weight_decay = 0;
  recipe.nesterov = false;
  // m = 1, 1.5; w = 1 - 0.1 = 0.9, then 0.9 - 0.15 = 0.75.
  const std::vector<double> plain = probe::OptimizerPath(recipe, 0.1, 2);
  CHECK(plain[0] == Approx(0.9));
  CHECK(plain[1] == Approx(0.75));
  // Steps of 1 + 0.5 * 1 = 1.5 and 1 + 0.5 * 1.5 = 1.75.
  recipe.nesterov = true;
  const std::vector<double> nesterov = probe::OptimizerPath(recipe, 0.1, 2);
  CHECK(nesterov[0] == Approx(0.85));
  CHECK(nesterov[1] == Approx(0.675));
}

TEST_CASE("Weight decay adds to the gradient") {
  Recipe recipe;
  recipe.momentum = 0;
  recipe.nesterov = false;
  recipe.weight_decay = 0.5;
  // d = 1 + 0.5 * 1; then 1 + 0.5 * 0.85.
  const std::vector<double> path = probe::OptimizerPath(recipe, 0.1, 2);
  CHECK(path[0] == Approx(0.85));
  CHECK(path[1] == Approx(0.85 - 0.1 * 1.425));
}

TEST_CASE("The kernel of GPUs without momentum takes no averages and steps as the CPU's does") {
  Recipe recipe;
  recipe.weight_decay = 0.5;
  for (const bool nesterov : {false, true}) {
    recipe.nesterov = nesterov;
    recipe.momentum = 0;
    const probe::FusedStep plain = probe::FusedSgdStep(recipe, 0.1);
    CHECK(plain.value == Approx(probe::OptimizerPath(recipe, 0.1, 1)[0]));
    CHECK(plain.value == Approx(0.85));  // 1 - 0.1 (1 + 0.5)
    CHECK(plain.average == 5);           // on GPUs it refuses averages without momentum
    recipe.momentum = 0.5;
    // m = 0.5 * 5 + 1.5 = 4; w -= 0.1 m, or 0.1 (1.5 + 0.5 m).
    const probe::FusedStep with = probe::FusedSgdStep(recipe, 0.1);
    CHECK(with.average == Approx(4));
    CHECK(with.value == Approx(nesterov ? 0.65 : 0.6));
  }
}

// One gradient of 1 at each step from w = 1, written out from the formulas of torch.optim.
TEST_CASE("RMSProp divides by the root of averaged squares") {
  Recipe recipe;
  recipe.optimizer = OptimizerKind::kRmsprop;
  recipe.momentum = 0.5;
  recipe.weight_decay = 0;
  // v = 0.1, 0.19; u = 1 / (sqrt(v) + 0.001); m = u1, 0.5 u1 + u2.
  const double first = 1 / (std::sqrt(0.1) + 0.001);
  const double second = 1 / (std::sqrt(0.19) + 0.001);
  const std::vector<double> path = probe::OptimizerPath(recipe, 0.01, 2);
  CHECK(path[0] == Approx(1 - 0.01 * first));
  CHECK(path[1] == Approx(1 - 0.01 * first - 0.01 * (0.5 * first + second)));
}

TEST_CASE("AdamW moves by the rate at first and decays weights apart from the gradient") {
  Recipe recipe;
  recipe.optimizer = OptimizerKind::kAdamw;
  recipe.weight_decay = 0.5;
  // The corrected averages of equal gradients are the gradient: steps of lr / (1 + 1e-8).
  const std::vector<double> path = probe::OptimizerPath(recipe, 0.1, 2);
  CHECK(path[0] == Approx(0.95 - 0.1));
  CHECK(path[1] == Approx(0.85 * 0.95 - 0.1));
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
}  // namespace dse::optimizer_test
