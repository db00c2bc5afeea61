#include "runner/training/checkpoint.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/hash.h"
#include "tests/runner/training/toy_training.h"

namespace dse::checkpoint_test {
namespace {

void CheckSame(const ToyTraining& one, const ToyTraining& other) {
  CHECK(one.Numbers() == other.Numbers());
  CHECK(BytesOf(one.weights()) == BytesOf(other.weights()));
  CHECK_FALSE(BytesOf(one.weights()).empty());
}

ToyTraining& Whole() {
  static ToyTraining training;
  if (training.reports.empty()) training.Run();
  return training;
}

std::string Names(const TensorFile& file) {
  std::string text;
  for (const TensorRecord& record : file.tensors) text += record.name + " ";
  return text;
}

}  // namespace

TEST_CASE("A session stopped anywhere goes on as if it had never stopped") {
  for (int stop_at = 0; stop_at < 14; ++stop_at) {
    for (const bool precise : {true, false}) {
      CAPTURE(stop_at, precise);
      ToyTraining whole, stopped;
      for (ToyTraining* training : {&whole, &stopped}) {
        if (!precise) training->recipe.precise_bn_images = 0;
        training->script.replicas = 2;
      }
      whole.Run();
      if (stopped.Run(stop_at).outcome != TrainingOutcome::kInterrupted) continue;
      CHECK(stopped.Run().outcome == TrainingOutcome::kDone);
      CHECK(stopped.warnings.empty());
      CheckSame(stopped, whole);
    }
  }
}

TEST_CASE("A session stopped again and again ends the same") {
  ToyTraining training;
  int stops = 0;
  while (training.Run(4).outcome == TrainingOutcome::kInterrupted) REQUIRE(++stops < 20);
  CHECK(stops >= 2);
  CheckSame(training, Whole());
}

TEST_CASE("What was trained is not trained again, and its reports are repeated first") {
  ToyTraining training;
  training.Run(8);
  training.Run();
  CHECK(training.reports.size() == 2);
  CHECK_THAT(training.script.Calls(), Catch::StartsWith("make 1x1 | put all | tally 2 | step 32"));
}

TEST_CASE("A finished epoch's checkpoint keeps the one before as .previous") {
  ToyTraining training;
  training.recipe.epochs = 3;
  training.Run(16);  // in the third epoch
  const CheckpointOwner owner =
      OwnerOfCheckpoint({training.model, training.recipe, training.data, 4}, Precision::kFp32);
  const auto warn = [](const std::string& text) { FAIL(text); };
  const auto now = FindCheckpoint(training.checkpoint(), owner, warn);
  REQUIRE(now);
  CHECK(now->state.epoch == 2);
  CHECK(now->state.step == 2);
  CHECK(now->state.losses.size() == 2);
  CHECK(now->updates.steps == 8);
  CHECK(now->updates.loss_scale == 65536);
  CHECK(now->updates.good_steps == 8);
  CHECK(Names(now->file) == "network.w average.w optimizer.momentum.w replica0.running_mean ");
  std::filesystem::remove(training.checkpoint());
  const auto before = FindCheckpoint(training.checkpoint(), owner, warn);
  REQUIRE(before);
  CHECK(before->path == training.checkpoint() + ".previous");
  CHECK(before->state.epoch == 2);
  CHECK(before->state.step == 0);
  CHECK_FALSE(std::filesystem::exists(training.checkpoint() + ".fresh"));
}

TEST_CASE("The metadata of a checkpoint have the keys that they always had, and the engine") {
  ToyTraining training;
  training.script.info = {"LibTorch", "2.11.0"};
  training.Run(4);
  const TensorFile file = ReadSafetensors(training.checkpoint(), Checksum::kRequired);
  REQUIRE(file.metadata.size() == 5);
  CHECK(file.metadata.at("dse_engine") == "LibTorch 2.11.0");
  CHECK(file.metadata.at("dse_data") == "0123456789abcdef");
  CHECK(file.metadata.at("dse_key") ==
        ShortHash(ModelHash(training.model) + RecipeHash(training.recipe) + "0123456789abcdef4"));
  const Json state = ParseJson(file.metadata.at("dse_state"), "state");
  std::string keys;
  for (const auto& item : state.items()) keys += item.key() + " ";
  CHECK(keys ==
        "epoch epoch_seconds good_steps history loss_scale losses optimizer_steps parts seconds "
        "step training_seconds wrong ");
}

TEST_CASE("A new checkpoint that no rename put in place is used all the same") {
  ToyTraining training;
  training.Run(9);
  const std::string path = training.checkpoint();
  std::filesystem::rename(path, path + ".fresh");
  training.Run();
  CHECK(training.warnings.empty());
  CHECK_THAT(training.script.Calls(), Catch::StartsWith("make 1x1 | put all | tally 1"));
  CheckSame(training, Whole());
}

TEST_CASE("A torn checkpoint is named and the one before it continued") {
  ToyTraining training;
  training.Run(9);
  std::ofstream(training.checkpoint(), std::ios::binary) << "torn";
  training.Run();
  REQUIRE(training.warnings.size() == 1);
  CHECK_THAT(training.warnings[0],
             Catch::Contains("a checkpoint is not used: " + training.checkpoint()));
  CHECK_THAT(training.script.Calls(), Catch::StartsWith("make 1x1 | put all | tally 3 | step 24"));
  CheckSame(training, Whole());
}

TEST_CASE("A checkpoint of another engine or version is continued, which is said and kept") {
  ToyTraining training;
  training.Run(4);
  const EngineInfo began = training.script.info;
  for (const EngineInfo& other :
       {EngineInfo{began.name, "2"}, EngineInfo{"Other", began.version}}) {
    CAPTURE(other.Text());
    const std::string so_far =
        ReadSafetensors(training.checkpoint(), Checksum::kRequired).metadata.at("dse_engine");
    training.script.info = other;
    CHECK(training.Run(2).engine == so_far + " + " + other.Text());
    REQUIRE(training.warnings.size() == 1);
    CHECK(training.warnings[0] ==
          training.checkpoint() + ": was begun by " + so_far + " and is continued by " +
              other.Text() + "; it need not end in the same numbers as by one of them alone");
    CHECK_THAT(training.script.Calls(), Catch::StartsWith("make 1x1 | put all"));
  }
  const TrainingResult result = training.Run();  // by the last again
  CHECK(training.warnings.empty());
  CHECK(result.engine == began.Text() + " + " + began.name + " 2 + Other " + began.version);
}

TEST_CASE("A checkpoint that tells no engine is LibTorch's") {
  ToyTraining training;
  training.Run(4);
  TensorFile file = ReadSafetensors(training.checkpoint(), Checksum::kRequired);
  REQUIRE(file.metadata.erase("dse_engine") == 1);
  WriteSafetensors(training.checkpoint(), file);
  SECTION("which goes on") {
    training.script.info = {"LibTorch", "2.11.0"};
    CHECK(training.Run().engine == "LibTorch 2.11.0");
    CHECK(training.warnings.empty());
  }
  SECTION("which another goes on with") {
    CHECK(training.Run().engine == "LibTorch + " + training.script.info.Text());
    CHECK(training.warnings.size() == 1);
  }
}

TEST_CASE("Replicas that a training did not have before go on with the first one's statistics") {
  ToyTraining training;
  training.Run(9);
  const auto means = [&] {
    std::string text;
    const TensorFile file = ReadSafetensors(training.checkpoint(), Checksum::kRequired);
    for (const TensorRecord& record : file.tensors) {
      if (record.name.starts_with("replica")) text += record.name + "=" + record.data + " ";
    }
    return text;
  };
  const std::string before = means();
  training.script.replicas = 2;
  training.Run(0);
  CHECK(training.warnings.empty());
  CHECK_THAT(training.script.Calls(), Catch::StartsWith("make 2x1 | put all"));
  const std::string value = before.substr(before.find('=') + 1);
  CHECK(means() == before + "replica1.running_mean=" + value);
}

TEST_CASE("A session of another recipe begins anew and says why") {
  ToyTraining training;
  training.Run(9);
  training.recipe.momentum = 0.8;
  training.Run();
  REQUIRE(!training.warnings.empty());
  CHECK_THAT(training.warnings[0], Catch::Contains("is of another run"));
  CHECK_THAT(training.script.Calls(), Catch::StartsWith("make 1x1 | tally 3 | step 0"));
}

TEST_CASE("An owner that is told no leaves every file as it was and stops") {
  ToyTraining training;
  training.Run(3);
  const std::string before = BytesOf(training.checkpoint());
  int asked = 0;
  training.publish = [&](const std::function<void()>&) {
    ++asked;
    return false;
  };
  const TrainingResult result = training.Run();
  CHECK(result.outcome == TrainingOutcome::kInterrupted);
  CHECK(result.message == "stopped while saving in epoch 2");
  CHECK(asked == 1);
  CHECK(BytesOf(training.checkpoint()) == before);
  CHECK_FALSE(std::filesystem::exists(training.checkpoint() + ".fresh"));
  CHECK_FALSE(std::filesystem::exists(training.checkpoint() + ".previous"));
}

TEST_CASE("The owner puts a checkpoint in place itself") {
  ToyTraining training;
  int put = 0;
  training.publish = [&](const std::function<void()>& put_in_place) {
    CHECK(std::filesystem::exists(training.checkpoint()) == (put > 0));
    put_in_place();
    CHECK(std::filesystem::exists(training.checkpoint()));
    ++put;
    return true;
  };
  training.Run();
  CHECK(put == 1);  // none after the last epoch
}

}  // namespace dse::checkpoint_test
