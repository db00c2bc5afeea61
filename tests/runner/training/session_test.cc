#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <limits>

#include "core/error.h"
#include "runner/training/learning_rate.h"
#include "tests/runner/training/toy_training.h"

namespace dse::session_test {
namespace {

using Catch::Matchers::Contains;

constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_CASE("A session asks its engine for an epoch's steps, then statistics, tests and files") {
  ToyTraining training;
  training.recipe.schedule = Schedule::kConstant;
  CHECK(training.Run().outcome == TrainingOutcome::kDone);
  CHECK(training.script.Calls() ==
        "make 1x1"
        " | tally 3 | step 0 0.1 | step 8 0.1 | step 16 0.1 | take | swap"
        " | statistics | add | add | store | tally 1 | test 8 | test 2 | take | swap | give all"
        " | tally 3 | step 24 0.1 | step 32 0.1 | step 40 0.1 | take | swap"
        " | statistics | add | add | store | tally 1 | test 8 | test 2 | take | give | swap");
  CHECK(training.asked == 2 * (3 + 2 + 2));
}

TEST_CASE("Without precise statistics those of the training are shared before a test") {
  ToyTraining training;
  training.recipe.epochs = 1;
  training.recipe.precise_bn_images = 0;
  training.keeps_files = false;
  training.Run();
  CHECK(training.script.Calls() ==
        "make 1x1 | tally 3 | step 0 0.1 | step 8 0.1 | step 16 0.1 | take | swap | share"
        " | tally 1 | test 8 | test 2 | take | swap");
}

TEST_CASE("Precise statistics are of a batch at least and of an epoch at most") {
  for (const auto& [images, batches] : {std::pair{1, 1}, {17, 2}, {1000, 3}}) {
    ToyTraining training;
    training.recipe.epochs = 1;
    training.recipe.precise_bn_images = images;
    training.Run();
    CHECK(std::count(training.script.calls.begin(), training.script.calls.end(), "add") == batches);
  }
}

TEST_CASE("The rate of the schedule is set once an epoch and reported as applied") {
  ToyTraining training;
  training.recipe.epochs = 4;
  training.recipe.warmup_epochs = 2;
  training.Run();
  REQUIRE(training.reports.size() == 4);
  size_t step = 0;
  for (const std::string& call : training.script.calls) {
    if (!call.starts_with("step ")) continue;
    const double lr = std::stod(call.substr(call.rfind(' ')));
    const int epoch = static_cast<int>(step++ / 3);
    CHECK(lr == Approx(LearningRate(training.recipe, epoch)).epsilon(1e-5));
    CHECK(training.reports[static_cast<size_t>(epoch)].lr == LearningRate(training.recipe, epoch));
  }
  CHECK(step == 12);
}

TEST_CASE("Losses are means over steps and images, errors percents of images") {
  ToyTraining training;
  training.recipe.epochs = 1;
  training.script.loss = [](int64_t step, double) { return step + 1.0; };
  training.script.test_loss = [](int, double) { return 25.0; };
  training.script.wrong = [](int, int64_t images) { return images - 3; };
  training.Run();
  REQUIRE(training.reports.size() == 1);
  CHECK(*training.reports[0].train_loss == Approx(2));
  CHECK(training.reports[0].test_loss == 2.5);
  CHECK(training.reports[0].test_error == 70);
}

TEST_CASE("A result has the last epoch's error and the lowest of all") {
  ToyTraining training;
  training.recipe.epochs = 3;
  training.script.wrong = [](int test, int64_t) { return test == 1 ? 2 : 5 - test; };
  const TrainingResult result = training.Run();
  CHECK(result.error == 30);
  CHECK(result.best_error == 20);
  CHECK(result.engine == "Fake 1");
  CHECK(result.precision == "fp32");
  CHECK(result.img_per_s > 0);
  CHECK_FALSE(result.micro_batch);
}

TEST_CASE("A training whose loss is not finite ends at that step where asking costs nothing") {
  ToyTraining training;
  training.script.loss = [](int64_t step, double loss) { return step == 4 ? kNotANumber : loss; };
  const TrainingResult result = training.Run();
  CHECK(result.outcome == TrainingOutcome::kDiverged);
  CHECK(result.message == "the training loss was not finite at step 2 of epoch 2");
  CHECK(training.reports.size() == 1);
  CHECK_THAT(training.script.Calls(), Catch::EndsWith("step 24 0.05 | step 32 0.05 | take"));
  CHECK(BytesOf(training.weights()).empty());
}

TEST_CASE("A device that works behind is asked for its losses once an epoch") {
  ToyTraining training;
  training.script.behind = true;
  training.script.loss = [](int64_t step, double loss) { return step == 4 ? INFINITY : loss; };
  const TrainingResult result = training.Run();
  CHECK(result.outcome == TrainingOutcome::kDiverged);
  CHECK(result.message == "the training loss was not finite at step 2 of epoch 2");
  CHECK_THAT(training.script.Calls(),
             Catch::EndsWith("tally 3 | step 24 0.05 | step 32 0.05 | step 40 0.05 | take"));
  CHECK(std::count(training.script.calls.begin(), training.script.calls.end(), "take") == 3);
}

TEST_CASE("A test whose loss is not finite ends a training, and its weights are not kept") {
  ToyTraining training;
  training.script.test_loss = [](int test, double loss) { return test == 1 ? -INFINITY : loss; };
  const TrainingResult result = training.Run();
  CHECK(result.outcome == TrainingOutcome::kDiverged);
  CHECK(result.message == "the test loss was not finite after step 3 of epoch 2");
  CHECK(training.reports.size() == 1);
  CHECK(BytesOf(training.weights()).empty());
}

// An epoch asks 3 times in training, 2 for statistics, 2 in its test.
TEST_CASE("A session stops wherever it is told to and says where") {
  const auto where = [](int stop_at) {
    ToyTraining training;
    const TrainingResult result = training.Run(stop_at);
    CHECK(result.outcome == TrainingOutcome::kInterrupted);
    CHECK(training.reports.size() == static_cast<size_t>(stop_at / 7));
    CHECK_FALSE(BytesOf(training.checkpoint()).empty());
    CHECK(BytesOf(training.weights()).empty());
    CHECK(training.script.calls.back() == "give all");
    return result.message;
  };
  CHECK(where(0) == "stopped while training in epoch 1");
  CHECK(where(2) == "stopped while training in epoch 1");
  CHECK(where(3) == "stopped while taking batch statistics in epoch 1");
  CHECK(where(6) == "stopped while testing in epoch 1");
  CHECK(where(8) == "stopped while training in epoch 2");
  CHECK(where(11) == "stopped while taking batch statistics in epoch 2");
  CHECK(where(13) == "stopped while testing in epoch 2");
}

TEST_CASE("Statistics that a stop cuts short are dropped, and the weights are swapped back") {
  ToyTraining training;
  training.Run(4);
  CHECK_THAT(training.script.Calls(),
             Catch::EndsWith("swap | statistics | add | drop | swap | give all"));
}

TEST_CASE("A training that diverged before it was stopped has diverged") {
  ToyTraining training;
  training.script.behind = true;
  training.script.loss = [](int64_t, double) { return kNotANumber; };
  CHECK(training.Run(1).outcome == TrainingOutcome::kDiverged);
}

TEST_CASE("Weights are kept after the last epoch's test alone, as tested") {
  ToyTraining training;
  training.Run();
  const std::vector<std::string>& calls = training.script.calls;
  CHECK(std::count(calls.begin(), calls.end(), "give") == 1);
  const TensorFile file = ReadSafetensors(training.weights(), Checksum::kRequired);
  CHECK(file.metadata.at("classes") == R"(["red","green","blue"])");
  const NetworkPlan plan = PlanNetwork(training.model);
  CHECK(file.tensors.size() == plan.parameters.size() + 3 * plan.Norms().size());
  CHECK(file.tensors.back().type == TensorType::kI64);
}

TEST_CASE("What keeps weights from being written is told, and the result stays") {
  ToyTraining training;
  std::filesystem::create_directories(training.weights());
  const TrainingResult result = training.Run();
  CHECK(result.outcome == TrainingOutcome::kDone);
  REQUIRE(training.warnings.size() == 1);
  CHECK_THAT(training.warnings[0], Catch::StartsWith("its weights are not kept: "));
}

TEST_CASE("What cannot be trained is refused before a network is made") {
  ToyTraining training;
  SECTION("other classes") {
    training.data = ToyDataset(24, 10, {"red", "green"});
    CHECK_THROWS_WITH(training.Run(),
                      "the model has 3 classes and toy has 2; sample with --classes 2");
  }
  SECTION("nothing to test on") {
    training.data = ToyDataset(24, 0);
    CHECK_THROWS_WITH(training.Run(), "toy has no test images");
  }
  SECTION("fewer images than a batch") {
    training.data = ToyDataset(7, 10);
    CHECK_THROWS_AS(training.Run(), Error);
  }
  SECTION("a precision that the engine has not") {
    training.recipe.precision = Precision::kFp16;
    CHECK_THROWS_WITH(training.Run(), "Fake does not train in fp16");
  }
  CHECK(training.script.Calls().empty());
}

TEST_CASE("A failure within a call ends the training as it is") {
  ToyTraining training;
  training.script.before = [](const std::string& call) {
    if (call == "store") throw Error("fake:0 is lost", Fault::kWorker);
  };
  try {
    training.Run();
    FAIL("it did not fail");
  } catch (const Error& failure) {
    CHECK(failure.fault() == Fault::kWorker);
    CHECK_THAT(failure.what(), Contains("fake:0 is lost"));
  }
}

}  // namespace dse::session_test
