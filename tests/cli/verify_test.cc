#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/cli/program.h"
#include "tests/support/process.h"
#include "tests/support/temp_folder.h"

namespace dse::verify_test {
namespace {

namespace fs = std::filesystem;

std::string ReadAll(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void WriteAll(const std::string& path, const std::string& bytes) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

// Two runs, one of them done with its weights kept; the second was stopped with a checkpoint.
struct TrainedStudy {
  TrainedStudy() {
    const ProcessResult result =
        Dse({"train", "--db", db, "--data", "synthetic", "--device", "cpu", "--recipe", "smoke",
             "--set", "epochs=1", "batch_size=32", "train_images=64", "test_images=32",
             "--keep-weights", "--limit", "1", "-q"});
    INFO(result.err);
    REQUIRE(result.code == 0);
    done = Query(db, "SELECT key FROM runs WHERE state = 'done'");
    waiting = Query(db, "SELECT key FROM runs WHERE state = 'pending'");
    weights = db + ".d/weights/" + done + ".safetensors";
    Query(db,
          "UPDATE runs SET finished_at = finished_at - 60, started_at = started_at - 60"
          " WHERE state = 'done' RETURNING 1");
  }
  std::string Checkpoint(const std::string& key) const {
    return db + ".d/checkpoints/" + key + ".safetensors";
  }
  TempFolder folder;
  std::string db = SmallStudy(folder, "RegNetX", "2");
  std::string done, waiting, weights;
};

TEST_CASE("verify finds nothing in a study that was trained, and says what it looked at",
          "[cli][verify]") {
  const TrainedStudy study;
  for (const Words& words : {Words{"verify", "--db", study.db},
                             Words{"verify", "--db", study.db, "--deep", "--clean"}}) {
    const ProcessResult result = Dse(words);
    CHECK(result.code == 0);
    CHECK(result.out == study.db +
                            ": 2 models, 2 members, 2 runs and 1 checkpoint or weights file "
                            "looked at: nothing found\n");
    CHECK(result.err.empty());
  }
}

TEST_CASE("a byte that changed in kept weights is found by --deep, a cut end always",
          "[cli][verify]") {
  const TrainedStudy study;
  const std::string bytes = ReadAll(study.weights);
  std::string flipped = bytes;
  flipped[bytes.size() - 100] = static_cast<char>(flipped[bytes.size() - 100] ^ 1);
  WriteAll(study.weights, flipped);
  CHECK(Dse({"verify", "--db", study.db}).code == 0);
  const ProcessResult deep = Dse({"verify", "--db", study.db, "--deep"});
  CHECK(deep.code == 1);
  CHECK_THAT(deep.out, Catch::Contains(study.db + ": run 1 (" + study.done +
                                       "): its weights cannot be used: " + study.weights +
                                       ": is damaged (its checksum does not hold); 'dse runs retry "
                                       "--run 1' and 'dse train --keep-weights' make them again") &&
                           Catch::Contains("looked at: 1 finding\n"));
  WriteAll(study.weights, bytes.substr(0, bytes.size() - 1));
  const ProcessResult cut = Dse({"verify", "--db", study.db});
  CHECK(cut.code == 1);
  CHECK_THAT(cut.out, Catch::Contains("its weights cannot be used: "));
  WriteAll(study.weights, bytes);
  Query(study.db, "UPDATE runs SET model_id = 3 - model_id RETURNING 1");
  CHECK_THAT(Dse({"verify", "--db", study.db}).out,
             Catch::Contains("its weights cannot be used: " + study.weights + ": is of network "));
}

TEST_CASE("verify --clean removes the files that no run needs, and no other", "[cli][verify]") {
  const TrainedStudy study;
  const std::string folder = study.db + ".d/";
  const std::string stray = "0123456789abcdef.safetensors";
  const Words orphans = {
      folder + "checkpoints/" + stray,
      folder + "checkpoints/" + stray + ".fresh",
      study.Checkpoint(study.done) + ".previous",
      study.Checkpoint(study.waiting) + ".fresh.new-123",
      folder + "weights/" + stray,
      study.weights + ".attempt-1",
      folder + "weights/" + study.waiting + ".safetensors.attempt-2.new-77",
  };
  for (const std::string& path : orphans) {
    WriteAll(path, "x");
    fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(1));
  }
  const std::string bytes = ReadAll(study.weights);
  const Words needed = {study.Checkpoint(study.waiting),
                        study.Checkpoint(study.waiting) + ".fresh",
                        folder + "weights/notes.txt",
                        study.weights + ".bak",
                        study.weights + ".attempt-1.bak",
                        study.weights + ".replaced-1",
                        study.Checkpoint(study.done) + ".old",
                        study.Checkpoint(study.waiting) + ".new-77"};  // being written
  for (const std::string& path : needed) WriteAll(path, bytes);
  const ProcessResult found = Dse({"verify", "--db", study.db});
  CHECK(found.code == 1);
  CHECK_THAT(found.out, Catch::Contains("looked at: 7 findings\n"));
  for (const std::string& path : orphans) {
    CHECK_THAT(found.out, Catch::Contains(study.db + ": " + path + ": no run needs it: "));
    CHECK(fs::exists(path));
  }
  const ProcessResult cleaned = Dse({"verify", "--db", study.db, "--clean"});
  CHECK(cleaned.code == 0);
  CHECK_THAT(cleaned.out,
             Catch::Contains("looked at: nothing found, 7 files removed\n") &&
                 Catch::Contains(study.db + ": removed " + orphans[0] + " (no run has this key)"));
  for (const std::string& path : orphans) CHECK(!fs::exists(path));
  for (const std::string& path : needed) CHECK(fs::exists(path));
  CHECK(fs::exists(study.weights));
}

TEST_CASE("verify leaves the files of a run in somebody's hands alone, whatever they are",
          "[cli][verify]") {
  const TrainedStudy study;
  Query(study.db,
        "UPDATE runs SET state = 'running', error = NULL, best_error = NULL, attempt = 2,"
        " owner = 'there/1/2/3/4/5', lease_expires = strftime('%s', 'now') + 1000 WHERE state = "
        "'done'"
        " RETURNING 1");
  Query(study.db,
        "INSERT INTO attempts(run_id, attempt, owner, host, device, started_at)"
        " SELECT id, 2, owner, 'there', 'cpu', strftime('%s', 'now') FROM runs WHERE state = "
        "'running'"
        " RETURNING 1");
  const Words held = {study.Checkpoint(study.done), study.Checkpoint(study.done) + ".fresh.new-1",
                      study.weights + ".attempt-1", study.weights + ".attempt-2.new-5"};
  for (const std::string& path : held) WriteAll(path, "half");
  const ProcessResult result = Dse({"verify", "--db", study.db, "--deep", "--clean"});
  INFO(result.out);
  CHECK(result.code == 0);
  for (const std::string& path : held) CHECK(fs::exists(path));
}

TEST_CASE("files that two databases of a study share are left to who trains their run",
          "[cli][verify]") {
  const TempFolder folder;
  const std::string db = folder / "a.db", shard = db + ".shards/0.db";
  fs::copy_file(std::string(DSE_TEST_DATA "/results-v4.db"), db);
  const auto state = [](const std::string& to, const std::string& more) {
    return "UPDATE runs SET state = '" + to + "', error = NULL, best_error = NULL" + more +
           " WHERE id = 1 RETURNING key";
  };
  const std::string key = Query(db, state("pending", ", owner = NULL, lease_expires = NULL"));
  fs::create_directory(db + ".shards");
  fs::copy_file(db, shard);
  Query(shard, state("running", ", owner = 'there/1/2/3/4/5', lease_expires = 9e9"));
  const std::string half = folder / "work/weights/" + key + ".safetensors.attempt-7";
  WriteAll(half, "half");
  const Words clean = {"verify", "--db", db, "--work-dir", folder / "work", "--clean"};
  CHECK_THAT(Dse(clean).out, !Catch::Contains("removed"));
  CHECK(fs::exists(half));
  Query(shard, state("pending", ", owner = NULL, lease_expires = NULL"));
  SECTION("a shard that cannot be read may be where it is trained") {
    WriteAll(db + ".shards/1.db", std::string(4096, 'x'));
    CHECK_THAT(Dse(clean).out, Catch::Contains("1.db: is not a database of dse; nothing is said"));
    CHECK(fs::exists(half));
    fs::remove(db + ".shards/1.db");
  }
  CHECK_THAT(Dse(clean).out, Catch::Contains("removed " + half));
  CHECK(!fs::exists(half));
}

TEST_CASE("verify shows no names that a terminal obeys", "[cli][verify]") {
  const TempFolder folder;
  const std::string db = SmallStudy(folder, "RegNetX", "2");
  Query(db, "UPDATE populations SET name = char(27) || '[2J', seed = 7 RETURNING 1");
  const ProcessResult result = Dse({"verify", "--db", db});
  CHECK(result.code == 1);
  CHECK_THAT(result.out, Catch::Contains("\\x1b[2J") && !Catch::Contains("\x1b"));
}

TEST_CASE("a training removes what a killed worker left behind of runs that are done",
          "[cli][verify]") {
  const TrainedStudy study;
  const std::string left = study.Checkpoint(study.done) + ".previous";
  WriteAll(left, "x");
  WriteAll(study.weights + ".attempt-1", "x");
  const ProcessResult result =
      Dse({"train", "--db", study.db, "--data", "synthetic", "--device", "cpu", "--recipe", "smoke",
           "--set", "epochs=1", "batch_size=32", "train_images=64", "test_images=32", "-q"});
  CHECK(result.code == 0);
  CHECK(!fs::exists(left));
  CHECK(!fs::exists(study.weights + ".attempt-1"));
  CHECK(fs::exists(study.weights));
}

TEST_CASE("verify looks at the shards too, and files of their runs are no orphans of the study's",
          "[cli][verify]") {
  const TempFolder folder;
  const std::string db = SmallStudy(folder, "RegNetX", "2");
  fs::create_directory(db + ".shards");
  fs::copy_file(db, db + ".shards/0.db");
  WriteAll(db + ".shards/1.db",
           "no database at all, but longer than a header would have to be....."
           "................................................................");
  Query(db + ".shards/0.db", "UPDATE models SET flops = 7 WHERE id = 1 RETURNING 1");
  const ProcessResult result = Dse({"verify", "--db", db});
  CHECK(result.code == 1);
  CHECK_THAT(result.out, Catch::Contains(db + ".shards/0.db: model ") &&
                             Catch::Contains(": its flops is 7, but ") &&
                             Catch::Contains(db + ".shards/1.db: is not a database of dse; ") &&
                             Catch::Contains(db + ": 2 models, 2 members, 0 runs and 0 checkpoint "
                                                  "or weights files looked at: nothing found\n"));
}

TEST_CASE("a damaged page is found in one line", "[cli][verify]") {
  const TempFolder folder;
  const std::string db = SmallStudy(folder, "RegNetX", "50");
  std::string bytes = ReadAll(db);
  const auto page = static_cast<size_t>(
      std::stoll(Query(db, "SELECT rootpage FROM sqlite_master WHERE name = 'members_model'")));
  for (size_t i = 0; i < 40; ++i) bytes[(page - 1) * 4096 + i] = '\x5a';
  WriteAll(db, bytes);
  const ProcessResult result = Dse({"verify", "--db", db});
  CHECK(result.code == 1);
  CHECK_THAT(result.out + result.err, Catch::Contains("damage"));
}

}  // namespace
}  // namespace dse::verify_test
