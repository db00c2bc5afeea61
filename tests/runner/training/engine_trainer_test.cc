#include "runner/training/engine_trainer.h"

#include <catch2/catch.hpp>

#include "core/error.h"
#include "tests/runner/training/toy_training.h"

namespace dse::engine_trainer_test {
namespace {

using Catch::Matchers::Contains;

}  // namespace

TEST_CASE("Memory that ran out is tried again in 2, 4, ... parts") {
  ToyTraining training;
  training.script.fits = 3;
  const TrainingResult result = training.Run();
  CHECK(result.outcome == TrainingOutcome::kDone);
  CHECK(result.micro_batch == 2);
  CHECK_THAT(training.script.Calls(),
             Catch::StartsWith("make 1x1 | tally 3 | step 0 0.1 | free | make 1x2 | tally 3 |"
                               " step 0 0.1 | free | make 1x4 | tally 3 | step 0 0.1 | step 8"));
}

TEST_CASE("What does not fit in parts of two images is out of memory") {
  ToyTraining training;
  training.script.fits = 1;
  const TrainingResult result = training.Run();
  CHECK(result.outcome == TrainingOutcome::kOutOfMemory);
  CHECK(result.message ==
        "out of memory on cpu, 1 thread; batches of 8 were tried in parts of 2 images too");
  CHECK(result.engine == "Fake 1");
  CHECK(result.precision == "fp32");
  CHECK_THAT(training.script.Calls(), Catch::EndsWith("make 1x4 | tally 3 | step 0 0.1"));
}

TEST_CASE("Replicas have their share of a batch, and divide that") {
  ToyTraining training;
  training.script.replicas = 2;
  training.script.fits = 2;
  const TrainingResult result = training.Run();
  CHECK(result.outcome == TrainingOutcome::kDone);
  CHECK(result.micro_batch == 2);
  CHECK_THAT(training.script.Calls(), Catch::StartsWith("make 2x1 |") && Contains("make 2x2 |"));
  training.script.fits = 1;
  ToyTraining other;
  other.script.replicas = 2;
  other.script.fits = 1;
  CHECK(other.Run().outcome == TrainingOutcome::kOutOfMemory);
  CHECK_THAT(other.script.Calls(), !Contains("make 2x4"));
}

TEST_CASE("Beside others memory that ran out, or perhaps did, is not tried again in parts") {
  ToyTraining training;
  training.beside_others = true;
  training.script.fits = 4;
  training.script.certain = GENERATE(true, false);
  const TrainingResult result = training.Run();
  CHECK(result.outcome == TrainingOutcome::kOutOfMemory);
  CHECK(result.message == "out of memory on cpu, 1 thread");
  CHECK_FALSE(result.micro_batch);
  CHECK_THAT(training.script.Calls(), !Contains("make 1x2"));
  // Alone it is, and its checkpoint knows nothing of before.
  training.beside_others = false;
  training.script.fits = 8;
  const TrainingResult alone = training.Run();
  CHECK(alone.outcome == TrainingOutcome::kDone);
  CHECK_FALSE(alone.micro_batch);
}

TEST_CASE("A training in parts goes on in these parts, also where memory would now suffice") {
  ToyTraining training, whole;
  training.script.fits = whole.script.fits = 4;
  whole.Run();
  CHECK(training.Run(9).outcome == TrainingOutcome::kInterrupted);
  training.script.fits = 8;
  const TrainingResult result = training.Run();
  CHECK(result.micro_batch == 4);
  CHECK_THAT(training.script.Calls(), Catch::StartsWith("make 1x2 | put all"));
  CHECK(training.Numbers() == whole.Numbers());
}

TEST_CASE("The machine's memory is the device's where it has none of its own") {
  ToyTraining training;
  training.script.host_memory = true;
  training.script.fits = 1;
  SECTION("a CPU") {
    CHECK(training.Run().outcome == TrainingOutcome::kOutOfMemory);
    CHECK_THAT(training.script.Calls(), Contains("make 1x4"));
  }
  SECTION("a GPU") {
    training.script.device.gpus = {{0, "fake", "GPU-1"}};
    try {
      training.Run();
      FAIL("it did not fail");
    } catch (const Error& failure) {
      CHECK(failure.fault() == Fault::kMachine);
      CHECK_THAT(failure.what(),
                 Contains("this machine's memory, not that of cuda:0, fake, GPU-1, is used up"));
    }
    CHECK_THAT(training.script.Calls(), !Contains("free"));
  }
}

TEST_CASE("What was perhaps memory is a failure where smaller parts do not help") {
  ToyTraining training;
  training.script.certain = false;
  SECTION("they help") {
    training.script.fits = 4;
    CHECK(training.Run().outcome == TrainingOutcome::kDone);
  }
  SECTION("they do not") {
    training.script.fits = 1;
    CHECK_THROWS_AS(training.Run(), Error);
  }
}

TEST_CASE("A job goes to the first engine that supports it, which says what its precision means") {
  ToyTraining job;
  job.recipe.precision = Precision::kAuto;
  FakeScript first, second;
  first.info = {"native", "0.1"};
  second.info = {"Torch", "2"};
  second.automatic = Precision::kBf16;
  Engines engines;
  engines.push_back(MakeFakeEngine(first));
  engines.push_back(MakeFakeEngine(second));
  EngineTrainer trainer(std::move(engines));
  const TrainingJob task{job.model, job.recipe, job.data, 1};
  SECTION("the first") {
    CHECK(trainer.Train(task, {}).engine == "native 0.1");
    CHECK(trainer.EngineFor(job.model, job.recipe).name == "native");
    CHECK(trainer.ResolvePrecision(job.model, job.recipe) == Precision::kFp32);
    CHECK(second.calls.empty());
  }
  SECTION("the second") {
    first.support = {false, "block X"};
    CHECK(trainer.Train(task, {}).engine == "Torch 2");
    CHECK(trainer.EngineFor(job.model, job.recipe).version == "2");
    CHECK(trainer.ResolvePrecision(job.model, job.recipe) == Precision::kBf16);
    CHECK(first.calls.empty());
  }
  SECTION("none") {
    first.support = {false, "block X"};
    second.support = {false, "precision bf16"};
    CHECK_THROWS_WITH(
        trainer.Train(task, {}),
        "no engine trains network '" + ModelHash(job.model) +
            "' with this recipe on cpu, 1 thread: native 0.1 has no block X; Torch 2 has no "
            "precision bf16");
    CHECK(trainer.EngineFor(job.model, job.recipe).Text().empty());
    CHECK_THROWS_WITH(trainer.ResolvePrecision(job.model, job.recipe),
                      Contains("no engine trains"));
  }
}

}  // namespace dse::engine_trainer_test
