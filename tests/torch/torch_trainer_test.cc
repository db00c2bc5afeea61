#include "tests/torch/torch_trainer.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <vector>

#include "core/error.h"
#include "runner/torch/probes.h"
#include "runner/torch/torch_meter.h"
#include "runner/trainers.h"
#include "runner/training/learning_rate.h"
#include "tests/support/skipped.h"
#include "tests/support/tiny_model.h"
#include "tests/support/toy_dataset.h"

namespace dse::torch_trainer_test {
namespace {

Recipe ToyRecipe() {
  Recipe recipe;
  recipe.epochs = 4;
  recipe.batch_size = 32;
  recipe.lr = 0.2;
  recipe.augment = Augment::kNone;
  recipe.precise_bn_images = 128;
  return recipe;
}

struct Outcome {
  TrainingResult result;
  std::vector<EpochRecord> epochs;
};

Outcome TrainToy(const Recipe& recipe, uint64_t seed, const std::string& block = "X",
                 int threads = 2) {
  const ToyDataset data(384, 96);
  const Model model = TinyModel(block);
  Outcome outcome;
  TrainingHooks hooks;
  hooks.on_epoch = [&](const EpochRecord& report) { outcome.epochs.push_back(report); };
  outcome.result = MakeLibTorchTrainer({"cpu", threads})->Train({model, recipe, data, seed}, hooks);
  return outcome;
}

TEST_CASE("Every block learns coloured squares") {
  for (const std::string block : {"X", "Y", "R", "V", "VR", "Basic", "MBConv"}) {
    CAPTURE(block);
    const Outcome outcome = TrainToy(ToyRecipe(), 1, block);
    REQUIRE(outcome.result.outcome == TrainingOutcome::kDone);
    REQUIRE(outcome.epochs.size() == 4);
    CHECK(outcome.result.best_error < 10);  // guessing: 67
    CHECK(*outcome.epochs.back().train_loss < 0.5 * *outcome.epochs.front().train_loss);
  }
}

TEST_CASE("Reports and result of a training agree with each other") {
  const Recipe recipe = ToyRecipe();
  const Outcome outcome = TrainToy(recipe, 2);
  double best = 100;
  for (size_t i = 0; i < outcome.epochs.size(); ++i) {
    CHECK(outcome.epochs[i].epoch == static_cast<int>(i) + 1);
    CHECK(outcome.epochs[i].lr == LearningRate(recipe, static_cast<int>(i)));
    CHECK(*outcome.epochs[i].test_loss > 0);
    CHECK(*outcome.epochs[i].train_error <= 100);
    best = std::min(best, *outcome.epochs[i].test_error);
  }
  CHECK(outcome.result.error == outcome.epochs.back().test_error);
  CHECK(outcome.result.best_error == best);
  CHECK(outcome.result.img_per_s > 0);
  CHECK(outcome.result.message.empty());
  CHECK_FALSE(outcome.result.micro_batch);
}

TEST_CASE("A seed fixes every number of a training, another seed changes them") {
  Recipe recipe = ToyRecipe();
  recipe.epochs = 2;
  const auto losses = [&](uint64_t seed) {
    std::vector<double> values;
    for (const EpochRecord& report : TrainToy(recipe, seed, "Y").epochs) {
      values.insert(values.end(), {*report.train_loss, *report.train_error, *report.test_loss,
                                   *report.test_error});
    }
    return values;
  };
  const std::vector<double> first = losses(7);
  CHECK(losses(7) == first);
  CHECK(losses(8) != first);
}

TEST_CASE("A learning rate out of all bounds ends as diverged and says where") {
  Recipe recipe = ToyRecipe();
  recipe.lr = 1e30;
  const Outcome outcome = TrainToy(recipe, 1);
  CHECK(outcome.result.outcome == TrainingOutcome::kDiverged);
  CHECK_THAT(outcome.result.message,
             Catch::Contains("not finite at step") && Catch::Contains("of epoch 1"));
  CHECK(outcome.epochs.empty());
}

TEST_CASE("A training stops at the step it is told to") {
  const ToyDataset data(384, 96);
  const Model model = TinyModel("X");
  const Recipe recipe = ToyRecipe();
  for (const int allowed : {0, 5, 13, 17}) {  // 12 training batches, 4 of statistics, then the test
    int asked = 0;
    TrainingHooks hooks;
    hooks.should_stop = [&] { return asked++ >= allowed; };
    const TrainingResult result =
        MakeLibTorchTrainer({"cpu", 2})->Train({model, recipe, data, 1}, hooks);
    CHECK(result.outcome == TrainingOutcome::kInterrupted);
    CHECK(asked == allowed + 1);
    CHECK_THAT(result.message, Catch::Contains("epoch 1"));
  }
}

TEST_CASE("A network that cannot fit ends as out of memory") {
  int overcommit = 0;
  std::ifstream("/proc/sys/vm/overcommit_memory") >> overcommit;
  if (overcommit == 1) {
    Skipped("this machine promises any amount of memory");
    return;
  }
  const ToyDataset data(32, 8);
  Recipe recipe = ToyRecipe();
  // One activation is 32 x 16384 x 1024 x 1024 floats: 2.2 TB.
  const Model model = ModelOf(R"({"type":"anynet","block":"V","stem":"cifar","stem_width":4,
    "resolution":1024,"classes":3,"depths":[1],"widths":[16384],"strides":[1]})");
  const TrainingResult result =
      MakeLibTorchTrainer({"cpu", 1})->Train({model, recipe, data, 1}, {});
  CHECK(result.outcome == TrainingOutcome::kOutOfMemory);
  CHECK_THAT(result.message, Catch::Contains("out of memory"));
}

TEST_CASE("Classes that differ from the dataset's are an error that names the option") {
  const ToyDataset data(384, 96);
  Model model = TinyModel("X");
  model.frame.classes = 10;
  const Recipe recipe = ToyRecipe();
  CHECK_THROWS_WITH(MakeLibTorchTrainer({"cpu", 1})->Train({model, recipe, data, 1}, {}),
                    Catch::Contains("--classes 3"));
}

TEST_CASE("Precise statistics are the means of the batches' means and unbiased variances") {
  const ToyDataset data(256, 32);
  const probe::PreciseComparison comparison = probe::PreciseStatistics(TinyModel("X"), data, 32, 5);
  REQUIRE(comparison.taken.mean.size() == 8);
  for (size_t c = 0; c < 8; ++c) {
    CHECK(comparison.taken.mean[c] ==
          Approx(comparison.expected.mean[c]).epsilon(1e-4).margin(1e-5));
    CHECK(comparison.taken.var[c] == Approx(comparison.expected.var[c]).epsilon(1e-4));
  }
}

TEST_CASE("Devices that are not there are refused with a sentence") {
  CHECK_THROWS_WITH(MakeLibTorchTrainer({"gpu", 1}), Catch::Contains("unknown device 'gpu'"));
  CHECK_THROWS_WITH(MakeLibTorchTrainer({"cuda:", 1}), Catch::Contains("unknown device"));
  CHECK_THROWS_WITH(MakeLibTorchTrainer({"cuda:999", 1}), Catch::Contains("cuda:999"));
  CHECK_THROWS_AS(MakeLibTorchTrainer({"cuda:99999999999", 1}), Error);
  CHECK(MakeLibTorchTrainer({"cpu", 2})->device().Name() == "cpu, 2 threads");
  CHECK_THAT(MakeTorchMeter({"auto", 1})->engine().Text(), Catch::StartsWith("LibTorch 2."));
}

TEST_CASE("Steps can be measured") {
  Recipe recipe = ToyRecipe();
  const Model model = TinyModel("X");
  const auto meter = MakeTorchMeter({"cpu", 1});
  for (const bool training : {false, true}) {
    const std::vector<double> times = meter->MeasureSteps({model, recipe, training, 8, 3});
    REQUIRE(times.size() == 3);
    CHECK(*std::min_element(times.begin(), times.end()) > 0);
  }
}

TEST_CASE("The module opens, trains, and its errors arrive as Error") {
  REQUIRE(setenv("DSE_TORCH_MODULE", DSE_TORCH_MODULE_FILE, 1) == 0);
  const ToyDataset data(96, 32);
  const Model model = TinyModel("X");
  Recipe recipe = ToyRecipe();
  recipe.epochs = 1;
  const std::unique_ptr<Trainer> trainer = MakeTrainer({.device = "cpu", .engine = "torch"});
  CHECK(trainer->Train({model, recipe, data, 1}, {}).outcome == TrainingOutcome::kDone);
  CHECK_THROWS_AS(MakeTrainer({"cuda:999", 1}), Error);
}

TEST_CASE("A GPU learns coloured squares", "[.gpu]") {
  const ToyDataset data(384, 96);
  const Model model = TinyModel("Y");
  const Recipe recipe = ToyRecipe();
  const TrainingResult result =
      MakeLibTorchTrainer({"cuda", 2})->Train({model, recipe, data, 1}, {});
  CHECK(result.outcome == TrainingOutcome::kDone);
  CHECK(result.best_error < 10);
}

}  // namespace
}  // namespace dse::torch_trainer_test
