// What is found wrong before anything is trained leaves no row behind.

#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <limits>

#include "core/error.h"
#include "db/populations.h"
#include "runner/work/plan.h"
#include "runner/work/run_files.h"
#include "tests/runner/work/study.h"

namespace dse::checks_test {
namespace {

TrainingResult Quietly(const TrainingJob& job, const TrainingHooks& hooks) {
  return TrainQuietly(job, hooks);
}

void CheckRefused(const Study& study, const TrainRequest& request, const TrainerFactory& factory,
                  const std::string& part) {
  CHECK_THROWS_WITH(Train(request, study.data(), factory, {}), Catch::Contains(part));
  CHECK(study.Query("SELECT (SELECT count(*) FROM runs) + (SELECT count(*) FROM series)") == 0);
}

}  // namespace

TEST_CASE("a trainer that cannot be made ends the call before a run is planned") {
  const Study study(2);
  CheckRefused(
      study, study.Request(),
      [](const TrainerOptions&) -> std::unique_ptr<Trainer> {
        throw Error("there is no CUDA device 7");
      },
      "there is no CUDA device 7");
  CheckRefused(
      study, study.Request(),
      [](const TrainerOptions&) -> std::unique_ptr<Trainer> {
        kill(getpid(), SIGKILL);
        return nullptr;
      },
      "signal 9");
}

TEST_CASE("a study that is done needs no trainer") {
  const Study study(2);
  Train(study.Request(), study.data(), FakeTrainerFactory(Quietly), {});
  const TrainSummary again = Train(
      study.Request(), study.data(),
      [](const TrainerOptions&) -> std::unique_ptr<Trainer> { throw Error("no module"); }, {});
  CHECK(again.plan.states[RunState::kDone] == 2);
}

TEST_CASE("a batch that cannot be normalised, or is more than there is, is refused") {
  const Study study(2);
  const TrainerFactory factory = FakeTrainerFactory(Quietly);
  TrainRequest request = study.Request();
  request.recipe.batch_size = 1;
  CheckRefused(study, request, factory, "at least 2");
  request.recipe.batch_size = 15;
  request.trainer.replicas = 8;
  CheckRefused(study, request, factory, "at least 16");
  request.trainer.replicas = 1;
  request.recipe.batch_size = 4001;  // synthetic has 4,000 training images
  CheckRefused(study, request, factory, "4000 training images");
  request.recipe.batch_size = 128;
  request.recipe.train_images = 100;
  CheckRefused(study, request, factory, "100 training images");
  request.recipe.batch_size = 16;
  request.trainer.replicas = 8;
  CHECK(Train(request, study.data(), factory, {}).plan.states[RunState::kDone] == 2);
}

TEST_CASE("names of weights that a network has not are refused") {
  const Study study(2);  // behind a stem that timm's RegNets have not
  TrainRequest request = study.Request();
  request.weight_names = WeightNames::kTimm;
  request.keep_weights = true;
  CheckRefused(study, request, FakeTrainerFactory(Quietly), "timm");
  request.keep_weights = false;
  CHECK_NOTHROW(Train(request, study.data(), FakeTrainerFactory(Quietly), {}));
}

TEST_CASE("a work folder that cannot be made or written is refused") {
  const Study study(1);
  TrainRequest request = study.Request();
  std::ofstream(study.File("file")) << "no folder";
  request.work_dir = study.File("file");
  CheckRefused(study, request, FakeTrainerFactory(Quietly), study.File("file"));
  // A folder is where the file that tries it would lie.
  request.work_dir = study.File("taken");
  std::filesystem::create_directories(
      study.File("taken/checkpoints/test.new-" + std::to_string(getpid())));
  CheckRefused(study, request, FakeTrainerFactory(Quietly), study.File("taken"));
}

TEST_CASE("less space on the disk than checkpoints need is refused with both figures") {
  const Study study(1);
  TrainRequest request = study.Request();
  request.work_dir = study.File("work");
  StoredMember member;
  member.draw.complexity.params = std::numeric_limits<int64_t>::max();
  // 9.22e18 values of 4 bytes, three times in three files.
  CHECK_THROWS_WITH(
      CheckBeforeTraining(request, std::vector<StoredMember>{member}, study.data().info()),
      Catch::Contains(study.File("work")) && Catch::Contains("free some space"));
  member.draw.complexity.params = 1000;
  CHECK_NOTHROW(
      CheckBeforeTraining(request, std::vector<StoredMember>{member}, study.data().info()));
  CHECK_NOTHROW(CheckSpace(study.File("."), 1, "a byte"));
}

TEST_CASE("what writes of a checkpoint left behind goes with it") {
  const Study study(1);
  MakeRunFolders(study.File("work"));
  const std::string path = CheckpointPath(study.File("work"), "0123456789abcdef");
  const std::string other = CheckpointPath(study.File("work"), "other");
  for (const char* end : {"", ".previous", ".fresh", ".fresh.new-123"}) {
    std::ofstream(path + end) << "state";
  }
  std::ofstream(other) << "state";
  RemoveCheckpoint(path);
  int left = 0;
  for ([[maybe_unused]] const auto& file :
       std::filesystem::directory_iterator(study.File("work/checkpoints"))) {
    ++left;
  }
  CHECK(left == 1);
  CHECK(std::filesystem::exists(other));
}

}  // namespace dse::checks_test
