#include <catch2/catch.hpp>

#include "runner/torch/probes.h"
#include "tests/support/tiny_model.h"
#include "tests/support/toy_dataset.h"
#include "tests/torch/torch_trainer.h"

namespace dse::replica_test {
namespace {

Recipe NoisyRecipe(int precise_bn_images) {
  Recipe recipe;
  recipe.epochs = 2;
  recipe.batch_size = 32;
  recipe.lr = 0.1;
  recipe.augment = Augment::kCifar;
  recipe.precise_bn_images = precise_bn_images;
  recipe.drop_path = 0.3;
  recipe.dropout = 0.2;
  recipe.mixup = 0.5;
  recipe.grad_clip = 2;
  recipe.ema_decay = 0.5;
  return recipe;
}

}  // namespace

// One thread each, so that kernels divide their sums alike.
TEST_CASE("Replicas train as one process that adds gradients up over as many parts") {
  const ToyDataset data(384, 100);
  for (const std::string block : {"Y", "MBConv"}) {
    for (const int replicas : {2, 3}) {
      CAPTURE(block, replicas);
      const probe::TrainedWeights side_by_side =
          probe::TrainDivided(TinyModel(block), NoisyRecipe(64), data, {replicas, 1});
      const probe::TrainedWeights one_by_one =
          probe::TrainDivided(TinyModel(block), NoisyRecipe(64), data, {1, replicas});
      CHECK(side_by_side.losses == one_by_one.losses);
      CHECK(side_by_side.parameters == one_by_one.parameters);
      CHECK(side_by_side.replicas_agree);
      // Test batches are divided, and the parts' statistics added up in another order.
      for (size_t i = 0; i < one_by_one.test_losses.size(); ++i) {
        CHECK(side_by_side.test_losses[i] == Approx(one_by_one.test_losses[i]).epsilon(1e-5));
      }
      // Not what one process with whole batches does: statistics are of parts.
      const probe::TrainedWeights whole =
          probe::TrainDivided(TinyModel(block), NoisyRecipe(64), data, {1, 1});
      CHECK(whole.losses != one_by_one.losses);
    }
  }
}

TEST_CASE("Running statistics of replicas are those of the parts together") {
  const ToyDataset data(384, 100);
  const Model model = TinyModel("X");
  const auto side_by_side = probe::TrainDivided(model, NoisyRecipe(0), data, {2, 1});
  const auto one_by_one = probe::TrainDivided(model, NoisyRecipe(0), data, {1, 2});
  REQUIRE(side_by_side.statistics.size() == one_by_one.statistics.size());
  for (size_t i = 0; i < one_by_one.statistics.size(); ++i) {
    CHECK(side_by_side.statistics[i] ==
          Approx(one_by_one.statistics[i]).epsilon(1e-4).margin(1e-6));
  }
}

TEST_CASE("Replicas that also divide their share are so many parts") {
  const ToyDataset data(384, 100);
  const Model model = TinyModel("X");
  const auto two_by_two = probe::TrainDivided(model, NoisyRecipe(64), data, {2, 2});
  const auto four = probe::TrainDivided(model, NoisyRecipe(64), data, {1, 4});
  REQUIRE(two_by_two.losses.size() == four.losses.size());
  for (size_t i = 0; i < four.losses.size(); ++i) {
    CHECK(two_by_two.losses[i] == Approx(four.losses[i]).epsilon(1e-3));
  }
}

TEST_CASE("A replica that fails wakes the others and its failure is told") {
  CHECK(probe::FailingReplica(3) == "replica 1 fails");
}

TEST_CASE("Replicas report how many images were normalised together") {
  const ToyDataset data(96, 32);
  const Model model = TinyModel("X");
  const Recipe recipe = NoisyRecipe(32);
  TrainerOptions options{"cpu", 2};
  options.replicas = 2;
  const TrainingResult result = MakeLibTorchTrainer(options)->Train({model, recipe, data, 1}, {});
  CHECK(result.outcome == TrainingOutcome::kDone);
  CHECK(result.micro_batch == 16);
}

}  // namespace dse::replica_test
