#include "runner/work/merge.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/error.h"
#include "db/database.h"
#include "db/merge.h"
#include "runner/work/run_files.h"
#include "runner/work/shard_files.h"
#include "tests/runner/work/study.h"
#include "tests/support/temp_folder.h"

namespace dse::merge_test {
namespace {

namespace fs = std::filesystem;

TrainerFactory WithError(double error) {
  return FakeTrainerFactory([error](const TrainingJob& job, const TrainingHooks& hooks) {
    TrainingResult result = TrainQuietly(job, hooks);
    result.error = result.best_error = error;
    return result;
  });
}

std::string TextOf(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A file and a shard with another, later result of its one run, and the weights of the file's.
struct OtherResult {
  OtherResult() {
    fs::copy_file(study.db_path(), shard);
    Train(study.Request(), study.data(), WithError(20), {});
    TrainRequest request = study.Request();
    request.db_path = shard;
    request.work_dir = study.File("shard.d");
    Train(request, study.data(), WithError(10), {});
    key = study.QueryText("SELECT key FROM runs");
    MakeRunFolders(folder);
    std::ofstream(WeightsPath(folder, key)) << "of the file";
  }
  std::vector<MergedShard> Merge(std::vector<std::string> shards) const {
    MergeRequest request;
    request.db_path = study.db_path();
    request.work_dir = folder;
    request.shards = std::move(shards);
    request.prefer = Prefer::kNewest;
    return MergeShards(request, {}, {});
  }
  bool Named() const {
    return TextOf(ReplacedWeightsPath(folder, key, 1)) == "of the file" &&
           !fs::exists(WeightsPath(folder, key));
  }

  Study study{1};
  std::string shard = study.File("shard.db");
  std::string folder = study.File("kept");
  std::string key;
};

}  // namespace

TEST_CASE("weights of a result that a merge replaced have the name of its attempt alone") {
  const OtherResult s;
  s.Merge({s.shard});
  CHECK(s.study.Query("SELECT error FROM runs") == 10);
  CHECK(s.Named());
}

TEST_CASE("a merge that ends at its commit leaves weights to the result that counts then") {
  const OtherResult s;
  MergeOptions options;
  options.prefer = Prefer::kNewest;
  bool fails = true;
  options.before_commit = [&](const std::vector<ReplacedResult>& replaced) {
    REQUIRE(replaced.size() == 1);
    NameReplacedWeights(s.folder, replaced);
    if (fails) throw Error("the disk is full");
  };
  {
    Database db = Database::Open(s.study.db_path(), OpenMode::kReadWrite);
    CHECK_THROWS_AS(MergeRows(db, s.shard, "shard", options), Error);
    CHECK(TextOf(WeightsPath(s.folder, s.key)) == "of the file");
    fails = false;
    MergeRows(db, s.shard, "shard", options);  // and is killed after it
  }
  CHECK(s.study.Query("SELECT error FROM runs") == 10);
  CHECK_FALSE(s.Named());
  s.Merge({s.shard});
  CHECK(s.Named());
}

TEST_CASE("a checkpoint moves although a move that was killed left a part of it, and newer stay") {
  const TempFolder folder;
  const ShardFolders folders{folder / "shard.d", folder / "study.d"};
  const std::string key = "0123456789abcdef";
  const std::vector<MergedRun> runs{{.key = key, .shard_key = key, .open = true}};
  const std::string from = CheckpointPath(folders.shard, key);
  const std::string to = CheckpointPath(folders.study, key);
  const auto write = [](const std::string& path, const std::string& text, int age) {
    fs::create_directories(fs::path(path).parent_path());
    std::ofstream(path) << text;
    fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(age));
  };
  write(from, "of the shard", 3);
  write(to, "older", 4);
  write(to + ".new-123", "of the sh", 1);
  write(from + ".new-124", "unfinished", 2);  // of whoever trained
  CHECK(CountShardFiles(folders, runs) == 1);
  CHECK(MoveShardFiles(folders, runs) == 1);
  CHECK(TextOf(to) == "of the shard");
  CHECK_FALSE(fs::exists(from));
  CHECK_FALSE(fs::exists(to + ".new-124"));
  write(from, "older", 4);
  CHECK(MoveShardFiles(folders, runs) == 0);
  CHECK(TextOf(to) == "of the shard");
}

TEST_CASE("a shard under several names is merged once") {
  const OtherResult s;
  const std::string link = s.study.File("link.db"), hard = s.study.File("hard.db");
  fs::create_symlink(s.shard, link);
  fs::create_hard_link(s.shard, hard);
  CHECK(s.Merge({s.shard, link, hard, s.shard}).size() == 1);
  CHECK_THROWS_AS(s.Merge({s.shard, s.study.db_path()}), Error);
}

}  // namespace dse::merge_test
