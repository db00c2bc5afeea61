#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <functional>

#include "core/json.h"
#include "tests/cli/program.h"
#include "tests/support/eventually.h"
#include "tests/support/process.h"
#include "tests/support/skipped.h"
#include "tests/support/temp_folder.h"

namespace dse::train_test {
namespace {

const Words kTiny = {"--recipe",
                     "smoke",
                     "--set",
                     "epochs=1",
                     "train_images=256",
                     "test_images=128",
                     "precise_bn_images=128",
                     "batch_size=32"};

// On a busy machine a training may end before it is seen to have begun: then another one is killed.
constexpr int kMostKills = 20;

Words TrainWords(const std::string& db, const std::string& data, const Words& more) {
  Words words = {"train", "--db", db, "--data", data};
  words.insert(words.end(), kTiny.begin(), kTiny.end());
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

// Kills a training, by `words` of a database, once `begun` holds for it; true if the kill came
// before its last run was done.
bool KillOnce(const std::function<bool()>& begun, const std::string& db, Words words) {
  words.insert(words.begin(), DSE_PROGRAM);
  BackgroundProcess process(words);
  REQUIRE(Eventually(begun));
  process.SignalGroup(SIGKILL);
  process.Wait();
  return Query(db, "SELECT count(*) FROM runs WHERE state <> 'done'") != "0";
}

TEST_CASE("a study on the embedded dataset goes from drawing to analysis",
          "[cli][train][trains-long]") {
  const TempFolder folder;
  const std::string db = SmallStudy(folder, "RegNetX", "4");
  const ProcessResult plan = Dse(TrainWords(db, "synthetic", {"--dry-run"}));
  CHECK_THAT(plan.out, Catch::StartsWith("4 runs wanted, 0 finished, 4 missing"));
  CHECK(Query(db, "SELECT count(*) FROM runs") == "0");
  const ProcessResult train = Dse(TrainWords(db, "synthetic", {"--workers", "2"}));
  INFO(train.err);
  REQUIRE(train.code == 0);
  const std::string device = Query(db, "SELECT min(device) FROM runs");
  CHECK((device.starts_with("cpu, ") || device.starts_with("cuda:")));
  CHECK_THAT(train.err, Catch::Contains("training on " + device + "\n"));
  CHECK(Query(db, "SELECT count(*) FROM runs WHERE precision = 'fp32'") == "4");
  CHECK(
      Query(db, "SELECT count(*) FROM results WHERE state = 'done' AND error BETWEEN 0 AND 100") ==
      "4");
  CHECK(Query(db, "SELECT count(*) FROM epochs") == "4");
  const ProcessResult again = Dse(TrainWords(db, "synthetic", {}));
  CHECK(again.code == 0);
  CHECK_THAT(again.err, Catch::Contains("4 done; 0 by this call"));
  const ProcessResult repeats =
      Dse(TrainWords(db, "synthetic", {"--repeats", "2", "--limit", "1"}));
  CHECK_THAT(repeats.err, Catch::Contains("8 runs: 5 done, 3 pending; 1 by this call"));
  const ProcessResult analyze = Dse({"analyze", "--db", db});
  CHECK(analyze.code == 0);
  CHECK_THAT(analyze.out, Catch::Contains("RegNetX"));
}

TEST_CASE("the same command trains the same numbers", "[cli][train][trains-long]") {
  std::string first;
  for (int i = 0; i < 2; ++i) {
    const TempFolder folder;
    const std::string db = SmallStudy(folder, "AnyNetXA", "2");
    REQUIRE(Dse(TrainWords(db, "synthetic", {"--threads", "1", "-q"})).code == 0);
    const std::string losses = Query(
        db,
        "SELECT group_concat(train_loss || ' ' || test_error, ' ') FROM (SELECT * FROM epochs "
        "ORDER BY run_id, epoch)");
    if (i == 0) first = losses;
    CHECK(losses == first);
  }
}

TEST_CASE("a study that was killed is finished by the same command and nothing is trained twice",
          "[cli][train][trains-long]") {
  const TempFolder folder;
  const std::string drawn = SmallStudy(folder, "RegNetX", "6");
  std::string db;
  Words words;
  bool in_time = false;
  for (int i = 0; i < kMostKills && !in_time; ++i) {
    db = folder / ("killed-" + std::to_string(i) + ".db");
    std::filesystem::copy_file(drawn, db);
    words = TrainWords(db, "synthetic", {"--workers", "2", "--set", "epochs=6", "-q"});
    in_time =
        KillOnce([&] { return Query(db, "SELECT count(*) FROM runs WHERE state = 'done'") != "0"; },
                 db, words);
  }
  CHECK(Query(db, "PRAGMA integrity_check") == "ok");
  REQUIRE(in_time);
  REQUIRE(Dse(words).code == 0);
  CHECK(Query(db, "SELECT count(*) FROM runs WHERE state = 'done'") == "6");
  CHECK(Query(db,
              "SELECT max(n) FROM (SELECT count(*) AS n FROM attempts WHERE outcome = 'done' "
              "GROUP BY run_id)") == "1");
}

TEST_CASE("a run killed between epochs goes on from its checkpoint to the same numbers",
          "[cli][train][trains-long]") {
  const TempFolder folder;
  const std::string numbers =
      "SELECT group_concat(epoch || ' ' || train_loss || ' ' || test_error, ' ') FROM (SELECT "
      "e.* FROM epochs e JOIN runs r ON r.id = e.run_id AND r.attempt = e.attempt ORDER BY epoch)";
  const std::string drawn = SmallStudy(folder, "RegNetX", "1");
  const std::string whole = folder / "whole.db";
  std::filesystem::copy_file(drawn, whole);
  const auto words = [&](const std::string& path) {
    return TrainWords(
        path, "synthetic",
        {"--threads", "1", "--keep-weights", "-q", "--set", "epochs=8", "ema_decay=0.9"});
  };
  REQUIRE(Dse(words(whole)).code == 0);
  std::string db;
  bool in_time = false;
  for (int i = 0; i < kMostKills && !in_time; ++i) {
    db = folder / ("killed-" + std::to_string(i) + ".db");
    std::filesystem::copy_file(drawn, db);
    in_time = KillOnce([&] { return std::stoi(Query(db, "SELECT count(*) FROM epochs")) >= 3; }, db,
                       words(db));
  }
  REQUIRE(in_time);
  const std::string key = Query(db, "SELECT key FROM runs");
  // The kill may fall between the two renames that put a new checkpoint before the one it follows.
  const std::string checkpoint = db + ".d/checkpoints/" + key + ".safetensors";
  CHECK((std::filesystem::exists(checkpoint) || std::filesystem::exists(checkpoint + ".previous")));
  REQUIRE(Dse(words(db)).code == 0);
  CHECK(Query(db, numbers) == Query(whole, numbers));
  CHECK(Query(db, "SELECT error FROM runs") == Query(whole, "SELECT error FROM runs"));
  // All eight epochs belong to the second attempt, but it did not train them all.
  CHECK(Query(db, "SELECT count(*) FROM epochs WHERE attempt = 2") == "8");
  CHECK(Query(db,
              "SELECT e.seconds = (SELECT o.seconds FROM epochs o WHERE o.attempt = 1 AND "
              "o.epoch = 1) FROM epochs e WHERE e.attempt = 2 AND e.epoch = 1") == "1");
  CHECK(std::filesystem::is_empty(db + ".d/checkpoints"));
  const auto kept = [&](const std::string& path) {
    return ReadFile(path + ".d/weights/" + key + ".safetensors");
  };
  CHECK(kept(db) == kept(whole));
}

TEST_CASE("Ctrl-C gives the runs back and exits with 130", "[cli][train]") {
  const TempFolder folder;
  const std::string db = SmallStudy(folder, "RegNetX", "6");
  Words words = TrainWords(db, "synthetic", {"--set", "epochs=10000", "-q"});
  words.insert(words.begin(), DSE_PROGRAM);
  BackgroundProcess process(words);
  REQUIRE(Eventually(
      [&] { return Query(db, "SELECT count(*) FROM runs WHERE state = 'running'") != "0"; }));
  process.SignalGroup(SIGINT);
  CHECK(process.Wait() == 130);
  CHECK(Query(db, "SELECT count(*) FROM runs WHERE state = 'pending'") == "6");
  CHECK(Query(db, "SELECT outcome FROM attempts") == "released");
}

TEST_CASE("wrong data is one sentence and leaves no runs", "[cli][train]") {
  const TempFolder folder;
  const std::string db = SmallStudy(folder, "AnyNetXA", "2");
  folder.Write("images/train/cat/a.jpg", "this is no picture");
  folder.Write("images/test/cat/b.jpg", "nor is this");
  struct Row {
    std::string uri;
    std::string message;
  };
  const Row rows[] = {{"folder:" + (folder / "nowhere"), folder / "nowhere"},
                      {"folder:" + (folder / "images"), "a.jpg"},
                      {"sinthetic", "did you mean 'synthetic'?"}};
  for (const Row& row : rows) {
    const ProcessResult result = Dse(TrainWords(db, row.uri, {"-q"}));
    INFO(result.err);
    CHECK(result.code == 1);
    CHECK_THAT(result.err, Catch::Contains(row.message));
    CHECK(Query(db, "SELECT count(*) FROM runs") == "0");
  }
  const ProcessResult key = Dse(TrainWords(db, "synthetic", {"--set", "epoch=1"}));
  CHECK(key.code == 1);
  CHECK_THAT(key.err, Catch::Contains("epoch") && Catch::Contains("did you mean 'epochs'?"));
}

TEST_CASE("what can be known beforehand is refused before a row is written", "[cli][train]") {
  const TempFolder folder;
  const std::string db = SmallStudy(folder, "RegNetX", "2");
  struct Row {
    Words words;
    int code;
    std::string message;
  };
  const Row rows[] = {
      {{"--set", "batch_size=1"}, 2, "choose a batch_size of at least 2"},
      {{"--set", "batch_size=15", "--replicas", "8"}, 2, "at least 16"},
      {{"--set", "batch_size=300"}, 1, "256 training images"},
      {{"--keep-weights", "--weight-names", "timm"}, 1, "they are for RegNets"},
      {{"--work-dir", db + "/in/a/file"}, 1, "cannot be made"},
  };
  for (const Row& row : rows) {
    const ProcessResult result = Dse(TrainWords(db, "synthetic", row.words));
    INFO(result.err);
    CHECK(result.code == row.code);
    CHECK_THAT(result.err, Catch::Contains(row.message));
  }
  const ProcessResult half =
      Dse(TrainWords(db, "synthetic", {"--device", "cpu", "--set", "precision=fp16", "-q"}));
  CHECK(half.code == 1);
  CHECK_THAT(half.err, Catch::Contains(DSE_HAS_TORCH ? "fp16 needs a GPU" : "no precision fp16"));
  setenv("DSE_TORCH_MODULE", (folder / "none.so").c_str(), 1);
  const ProcessResult module = Dse(TrainWords(db, "synthetic", {"--engine", "torch", "-q"}));
  unsetenv("DSE_TORCH_MODULE");
  CHECK(module.code == 1);
  CHECK_THAT(module.err, Catch::Contains("none.so"));
  CHECK(Query(db, "SELECT (SELECT count(*) FROM runs) + (SELECT count(*) FROM series)") == "0");
}

TEST_CASE("classes that differ from the dataset's name the option to use", "[cli][train]") {
  const TempFolder folder;
  const std::string db = folder / "s.db";
  REQUIRE(
      Dse({"sample", "--space", "AnyNetXA", "-n", "1", "--classes", "7", "--db", db, "-q"}).code ==
      0);
  const ProcessResult result = Dse(TrainWords(db, "synthetic", {}));
  CHECK(result.code == 1);
  CHECK_THAT(result.err, Catch::Contains("--classes"));
}

// A small version of the study of the README, on real images.
TEST_CASE("networks train on real images from a folder", "[cli][train][trains-long]") {
  const std::string images = FolderFrom("DSE_CIFAR10_DIR");
  if (images.empty()) return;
  const TempFolder folder;
  const std::string db = SmallStudy(folder, "RegNetX", "2");
  const ProcessResult train = Dse({"train", "--db", db, "--data", "folder:" + images, "--recipe",
                                   "cifar", "--set", "epochs=2", "train_images=3000",
                                   "test_images=1000", "precise_bn_images=1000", "--workers", "2"});
  INFO(train.err);
  REQUIRE(train.code == 0);
  // Ten classes: chance is 90%; the standard deviation of 1000 test images is below 1.
  CHECK(Query(db, "SELECT count(*) FROM results WHERE state = 'done' AND error < 84") == "2");
  CHECK(Dse({"analyze", "--db", db}).code == 0);
}

}  // namespace
}  // namespace dse::train_test
