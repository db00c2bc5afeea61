#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "db/plan.h"
#include "db/populations.h"
#include "runner/data/folder.h"
#include "runner/work/plan.h"
#include "runner/work/run_files.h"
#include "runner/work/train.h"
#include "tests/runner/data/images/jpeg_writer.h"
#include "tests/runner/work/study.h"
#include "tests/support/temp_folder.h"

namespace dse::old_study_test {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;

// The folder that results-v2.db was made on (tests/data/make_results_v2.py), by its names; the
// contents are of one shade.
std::unique_ptr<Dataset> OpenImages(const TempFolder& folder, const std::string& name, int shade) {
  for (const char* label : {"cat", "dog"}) {
    for (int i = 0; i < 8; ++i) {
      folder.Write(name + "/train/" + label + "/" + std::to_string(i) + ".jpg",
                   EncodeGray(32, 32, shade));
    }
    for (int i = 0; i < 2; ++i) {
      folder.Write(name + "/test/" + label + "/" + std::to_string(i) + ".jpg",
                   EncodeGray(32, 32, shade));
    }
  }
  return OpenFolderDataset(folder / name, 1);
}

Recipe RecipeOfThen() {
  Recipe recipe = LoadRecipe("smoke");
  SetRecipeKey(recipe, "epochs=1");
  SetRecipeKey(recipe, "batch_size=8");
  return recipe;
}

std::string CopyOfOldStudy(const TempFolder& folder) {
  const std::string path = folder / "v2.db";
  fs::copy_file(DSE_TEST_DATA "/results-v2.db", path);
  return path;
}

WantedRuns Wanted(Database& db, const Dataset& data) {
  return MakePlan(LoadMembers(db, {}), RecipeOfThen(), data.info(), 0, 1);
}

}  // namespace

TEST_CASE("a study of before fingerprints covered contents is recognised, once") {
  const TempFolder folder;
  Database db = Database::Open(CopyOfOldStudy(folder), OpenMode::kReadWrite);
  const auto data = OpenImages(folder, "images", 100);
  const WantedRuns wanted = Wanted(db, *data);
  const PlanSummary counted = CountRuns(db, wanted);
  REQUIRE(counted.adopted);
  CHECK(counted.inserted == 0);
  CHECK(counted.states[RunState::kDone] == 2);
  const PlanSummary plan = PlanRuns(db, wanted);
  REQUIRE(plan.adopted);
  CHECK(plan.adopted->uri == "folder:images");
  CHECK(plan.adopted->runs == 3);
  CHECK(plan.inserted == 0);
  CHECK(plan.states[RunState::kDone] == 2);
  CHECK(plan.states[RunState::kPending] == 1);
  CHECK(plan.best_error == 25.0);
  for (const PlanSummary& again : {CountRuns(db, wanted), PlanRuns(db, wanted)}) {
    CHECK_FALSE(again.adopted);
    CHECK(again.run_ids == plan.run_ids);
    CHECK(again.inserted == 0);
  }
}

TEST_CASE("other images under the names of an adopted dataset are another dataset") {
  const TempFolder folder;
  Database db = Database::Open(CopyOfOldStudy(folder), OpenMode::kReadWrite);
  PlanRuns(db, Wanted(db, *OpenImages(folder, "images", 100)));
  const auto others = OpenImages(folder, "others", 101);
  for (const PlanSummary& plan :
       {CountRuns(db, Wanted(db, *others)), PlanRuns(db, Wanted(db, *others))}) {
    CHECK_FALSE(plan.adopted);
    CHECK(plan.inserted == 3);
    CHECK(plan.states[RunState::kDone] == 0);
  }
}

TEST_CASE("a folder with one image more than an old study had is not taken for its data") {
  const TempFolder folder;
  Database db = Database::Open(CopyOfOldStudy(folder), OpenMode::kReadWrite);
  OpenImages(folder, "images", 100);
  folder.Write("images/train/cat/8.jpg", EncodeGray(32, 32, 1));
  const auto data = OpenFolderDataset(folder / "images", 1);
  CHECK_FALSE(PlanRuns(db, Wanted(db, *data)).adopted);
}

TEST_CASE("training goes on with an old study and repeats nothing of it") {
  const TempFolder folder;
  const Study study(1, 2);  // for a request that fits a machine of any size
  TrainRequest request = study.Request();
  request.db_path = CopyOfOldStudy(folder);
  request.populations = {};
  request.recipe = RecipeOfThen();
  const auto data = OpenImages(folder, "images", 100);
  const std::string trained = folder / "trained";
  const auto factory = FakeTrainerFactory([&](const TrainingJob& job, const TrainingHooks& hooks) {
    AppendLine(trained, job.files.checkpoint);
    return TrainQuietly(job, hooks);
  });
  const TrainSummary summary = Train(request, *data, factory, [](const TrainProgress&) {});
  CHECK(summary.finished_here == 1);
  CHECK(summary.plan.states[RunState::kDone] == 3);
  CHECK(CountLines(trained) == 1);
  Train(request, *data, factory, [](const TrainProgress&) {});
  CHECK(CountLines(trained) == 1);
  // The pending run kept its key, so what was stored under it is found.
  std::string checkpoint;
  std::getline(std::ifstream(trained) >> std::ws, checkpoint);
  CHECK_THAT(checkpoint, Contains("d27497c56ac70615"));
}

TEST_CASE("the files of runs lie beside the database file and not beside a link to it") {
  const TempFolder folder;
  folder.Write("real/a.db", "");
  folder.Write("links/x", "");
  fs::create_symlink("../real/a.db", folder / "links/b.db");
  fs::create_symlink(folder / "links/b.db", folder / "links/c.db");
  const fs::path real = fs::canonical(folder / "real/a.db");
  CHECK(WorkFolder(folder / "links/b.db", "") == real.string() + ".d");
  CHECK(WorkFolder(folder / "links/c.db", "") == real.string() + ".d");
  CHECK(WorkFolder(folder / "real/a.db", "") == folder / "real/a.db.d");
  CHECK(WorkFolder(folder / "links/b.db", "here") == "here");
  fs::create_symlink("nowhere", folder / "links/d.db");
  CHECK_THROWS_WITH(WorkFolder(folder / "links/d.db", ""),
                    Contains("links/d.db: cannot be followed"));
}

}  // namespace dse::old_study_test
