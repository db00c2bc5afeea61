#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <thread>

#include "core/json.h"
#include "tests/cli/program.h"
#include "tests/support/eventually.h"
#include "tests/support/process.h"
#include "tests/support/skipped.h"
#include "tests/support/temp_folder.h"

namespace dse::merge_test {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;

Words Train(const std::string& db, const Words& more) {
  Words words = {"train",
                 "--db",
                 db,
                 "--data",
                 "synthetic",
                 "-q",
                 "--device",
                 "cpu",
                 "--threads",
                 "1",
                 "--recipe",
                 "smoke",
                 "--set",
                 "epochs=1",
                 "train_images=64",
                 "test_images=64",
                 "precise_bn_images=32",
                 "batch_size=32"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

constexpr const char* kErrors =
    "SELECT group_concat(hash || ' ' || seed || ' ' || error || ' ' || best_error, ';') FROM"
    " (SELECT * FROM results WHERE state = 'done' ORDER BY hash, seed)";

// A file whose shard holds so many finished runs more of its first member.
void MakeLarge(const std::string& shard, int runs) {
  const std::string from = " FROM n, (SELECT * FROM runs ORDER BY id LIMIT 1) r";
  const std::string numbers =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
      " WHERE i < " +
      std::to_string(runs) + ") ";
  for (const std::string& sql :
       {numbers +
            "INSERT INTO runs(key, model_id, recipe_id, dataset_id, seed, state, attempt,"
            " error, best_error, finished_at) SELECT printf('%016x', i), r.model_id,"
            " r.recipe_id, r.dataset_id, 1000 + i, 'done', 1, i % 100, i % 100, 1000 + i" +
            from + " RETURNING 1",
        std::string("INSERT INTO attempts(run_id, attempt, owner, host, device, started_at,"
                    " ended_at, outcome, error) SELECT id, 1, 'host/1/2/3/4/' || seed, 'host',"
                    " 'cpu', seed, seed + 1, 'done', error FROM runs WHERE seed >= 1000"
                    " RETURNING 1"),
        std::string("INSERT INTO epochs SELECT id, 1, 1, 0.1, 1, 50, 1, error, 1 FROM runs"
                    " WHERE seed >= 1000 RETURNING 1")}) {
    Query(shard, sql);
  }
}

// A study of one network, and a shard of it that holds so many finished runs that a merge takes a
// while.
struct LargeShard {
  LargeShard() {
    REQUIRE(Dse(Train(db, {"--shard", "0/1", "--out", shard})).code == 0);
    MakeLarge(shard, kRuns - 1);
  }
  static constexpr int kRuns = 20001;
  const TempFolder folder;
  const std::string db = SmallStudy(folder, "RegNetX", "1");
  const std::string shard = folder / "shard.db";
};

TEST_CASE("shards are trained beside a file that is only read, and merged to what it would hold",
          "[cli][train]") {
  const TempFolder folder;
  const std::string db = SmallStudy(folder, "RegNetX", "5");
  const std::string alone = folder / "alone.db";
  fs::copy_file(db, alone);
  const std::string before = ReadFile(db);
  const ProcessResult plan = Dse(Train(db, {"--shard", "0/2", "--dry-run"}));
  CHECK_THAT(plan.out, Catch::StartsWith("2 runs wanted, 0 finished, 2 missing"));
  CHECK_FALSE(fs::exists(db + ".shards"));
  for (const char* part : {"0/2", "1/2"}) {
    const ProcessResult part_of_it = Dse(Train(db, {"--shard", part, "--keep-weights"}));
    INFO(part_of_it.err);
    REQUIRE(part_of_it.code == 0);
  }
  CHECK(ReadFile(db) == before);
  REQUIRE(Dse(Train(alone, {})).code == 0);

  const ProcessResult merged = Dse({"merge", "--db", db, db + ".shards"});
  INFO(merged.err);
  CHECK(merged.code == 0);
  CHECK_THAT(merged.out, Contains("1.db: 3 new runs, 3 attempts, 3 epochs; 3 checkpoints and "
                                  "weights stay beside the shard"));
  CHECK(Query(db, kErrors) == Query(alone, kErrors));
  const std::string after = ReadFile(db);
  const ProcessResult again = Dse({"merge", "--db", db, db + ".shards", "--move-files"});
  CHECK_THAT(again.out, Contains("0.db: nothing new; 2 files moved"));
  CHECK_THAT(again.out, Contains("1.db: nothing new; 3 files moved"));
  CHECK(ReadFile(db) == after);
  CHECK(std::distance(fs::directory_iterator(db + ".d/weights"), fs::directory_iterator()) == 5);
  const ProcessResult tested =
      Dse({"eval", "--db", db, "--data", "synthetic", "-q", "--device", "cpu", "--threads", "1"});
  CHECK(tested.code == 0);
  CHECK(Query(db, "SELECT count(*) FROM evaluations") == "5");
  CHECK(Dse(Train(db, {})).code == 0);  // nothing is left to train
  CHECK(Query(db, "SELECT count(*) FROM attempts") == "5");
}

TEST_CASE("parts of a study are named as K/N", "[cli]") {
  const TempFolder folder;
  const std::string db = SmallStudy(folder, "RegNetX", "2");
  for (const char* part : {"2/2", "-1/2", "1", "a/b", "1/2/3", "0/0", ""}) {
    const ProcessResult result = Dse(Train(db, {"--shard", part}));
    CAPTURE(part);
    CHECK(result.code == 2);
    CHECK_THAT(result.err, Contains("K/N"));
  }
  CHECK(Dse(Train(db, {"--out", folder / "x.db"})).code == 2);
  CHECK(Dse({"merge", "--db", db}).code == 2);
}

TEST_CASE("a merge that was killed leaves a valid file, and the next one completes it", "[cli]") {
  const LargeShard study;
  const std::string &db = study.db, &shard = study.shard, all = std::to_string(study.kRuns);
  int killed = 0;
  for (int i = 0; i < 12; ++i) {
    BackgroundProcess merge({DSE_PROGRAM, "merge", "--db", db, shard});
    std::this_thread::sleep_for(std::chrono::milliseconds(37 * i));
    merge.SignalGroup(SIGKILL);
    killed += merge.Wait() == 128 + SIGKILL;
    CHECK(Query(db, "PRAGMA integrity_check") == "ok");
    const std::string runs = Query(db, "SELECT count(*) FROM runs WHERE state = 'done'");
    CHECK((runs == "0" || runs == all));
  }
  CHECK(killed > 0);
  const ProcessResult whole = Dse({"merge", "--db", db, shard});
  INFO(whole.err);
  CHECK(whole.code == 0);
  CHECK(Query(db, "SELECT count(*) FROM runs WHERE state = 'done'") == all);
  CHECK(Query(db, "SELECT count(*) FROM epochs") == all);
  CHECK(Query(db, "SELECT count(*) FROM attempts") == all);
  CHECK_THAT(Dse({"merge", "--db", db, shard}).out, Contains("nothing new"));
}

TEST_CASE("a merge that is interrupted changes nothing, and the next one completes it",
          "[cli][train]") {
  const LargeShard study;
  const std::string &db = study.db, &shard = study.shard;
  const std::string before = study.folder / "before.db";
  fs::copy_file(db, before);
  for (const int signal : {SIGINT, SIGTERM}) {
    CAPTURE(signal);
    bool interrupted = false;
    // Where the signal came too late, again.
    for (int i = 0; i < 20 && !interrupted; ++i) {
      fs::copy_file(before, db, fs::copy_options::overwrite_existing);
      fs::remove(db + "-journal");
      BackgroundProcess merge({DSE_PROGRAM, "merge", "--db", db, shard});
      REQUIRE(Eventually([&] { return fs::exists(db + "-journal"); }));  // in the midst of it
      merge.SignalGroup(signal);
      const int code = merge.Wait();
      interrupted = code == 128 + signal;
      if (!interrupted) REQUIRE(code == 0);
    }
    REQUIRE(interrupted);
    CHECK(Query(db, "PRAGMA integrity_check") == "ok");
    CHECK(Query(db, "SELECT count(*) FROM runs") == "0");
    const ProcessResult whole = Dse({"merge", "--db", db, shard});
    INFO(whole.err);
    CHECK(whole.code == 0);
    CHECK(Query(db, "SELECT count(*) FROM runs WHERE state = 'done'") ==
          std::to_string(study.kRuns));
  }
}

// A folder on another file system than that of `folder`.
class OtherFileSystem {
 public:
  explicit OtherFileSystem(const TempFolder& folder) {
    for (const char* place : {"/dev/shm", "/var/tmp", "/run/lock"}) {
      path_ = std::string(place) + "/dse-test-XXXXXX";
      if (mkdtemp(path_.data()) == nullptr) continue;
      struct stat here {
      }, there{};
      found_ = stat(folder.path().c_str(), &here) == 0 && stat(path_.c_str(), &there) == 0 &&
               here.st_dev != there.st_dev;
      if (found_) return;
      fs::remove_all(path_);
    }
  }
  ~OtherFileSystem() {
    std::error_code ignored;
    if (found_) fs::remove_all(path_, ignored);
  }
  OtherFileSystem(const OtherFileSystem&) = delete;
  OtherFileSystem& operator=(const OtherFileSystem&) = delete;
  bool found() const { return found_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
  bool found_ = false;
};

void Write(const std::string& path, const std::string& text) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

int64_t CountFiles(const std::string& folder) {
  int64_t files = 0;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    files += entry.is_regular_file() ? 1 : 0;
  }
  return files;
}

TEST_CASE("weights and checkpoints move from a shard on another file system", "[cli][train]") {
  const TempFolder folder;
  const OtherFileSystem other(folder);
  if (!other.found()) return Skipped("no second file system");
  const std::string db = SmallStudy(folder, "RegNetX", "3");
  const std::string shard = other / "shard.db";
  REQUIRE(
      Dse(Train(db, {"--shard", "0/1", "--out", shard, "--keep-weights", "--limit", "2"})).code ==
      0);
  const std::string open = Query(shard, "SELECT key FROM runs WHERE state = 'pending'");
  const std::string checkpoint = "/checkpoints/" + open + ".safetensors";
  Write(shard + ".d" + checkpoint, std::string(3'000'000, 'c'));
  const auto weights = [&](const char* order) {
    return "/weights/" +
           Query(shard,
                 std::string("SELECT key FROM runs WHERE state = 'done' ORDER BY key ") + order) +
           ".safetensors";
  };
  const std::string first = weights("ASC"), second = weights("DESC");
  const std::string texts[2] = {ReadFile(shard + ".d" + first), ReadFile(shard + ".d" + second)};
  // As a merge leaves it that was killed when a file was whole there and not gone here.
  Write(db + ".d" + first, texts[0]);
  const ProcessResult merged = Dse({"merge", "--db", db, "--move-files", shard});
  INFO(merged.err);
  CHECK(merged.code == 0);
  CHECK_THAT(merged.out, Contains("3 files moved"));
  CHECK(ReadFile(db + ".d" + first) == texts[0]);
  CHECK(ReadFile(db + ".d" + second) == texts[1]);
  CHECK(ReadFile(db + ".d" + checkpoint) == std::string(3'000'000, 'c'));
  CHECK(CountFiles(shard + ".d") == 0);
  CHECK(CountFiles(db + ".d") == 3);
  CHECK_THAT(Dse({"merge", "--db", db, "--move-files", shard}).out, Contains("nothing new\n"));
}

TEST_CASE("a merge waits for a shard in use as long as it is told to", "[cli][train]") {
  const TempFolder folder;
  const std::string db = SmallStudy(folder, "RegNetX", "2");
  const std::string shard = folder / "shard.db", told = folder / "told";
  REQUIRE(Dse(Train(db, {"--shard", "0/1", "--out", shard})).code == 0);
  const std::string result = Query(shard, "SELECT error || '' FROM runs WHERE id = 2");
  Query(shard,
        "UPDATE runs SET state = 'running', error = NULL, best_error = NULL,"
        " owner = 'elsewhere/1/2/3/4/5', lease_expires = strftime('%s', 'now') + 1000"
        " WHERE id = 2 RETURNING 1");
  const ProcessResult short_wait = Dse({"merge", "--db", db, "--wait", "1s", shard});
  CHECK(short_wait.code == 1);
  CHECK_THAT(short_wait.err, Contains(shard + ": is in use"));
  CHECK(Query(db, "SELECT count(*) FROM runs") == "0");

  BackgroundProcess merge({"/bin/sh", "-c", "exec \"$0\" \"$@\" 2> '" + told + "'", DSE_PROGRAM,
                           "merge", "--db", db, "--wait", "10m", shard});
  REQUIRE(Eventually(
      [&] { return fs::exists(told) && ReadFile(told).find("is in use") != std::string::npos; }));
  CHECK(Query(db, "SELECT count(*) FROM runs") == "0");
  Query(shard, "UPDATE runs SET state = 'done', owner = NULL, lease_expires = NULL, error = " +
                   result + ", best_error = " + result + " WHERE id = 2 RETURNING 1");
  CHECK(merge.Wait() == 0);
  CHECK(Query(db, "SELECT count(*) FROM runs WHERE state = 'done'") == "2");
}

TEST_CASE("shards with hostile names are made and merged as any other", "[cli][train]") {
  const TempFolder folder;
  const std::string study = SmallStudy(folder, "RegNetX", "1");
  for (const char* name :
       {"-q?mode=memory", "100%25 #x", "';DROP TABLE runs;--$(x)`y`", "new\nline"}) {
    CAPTURE(name);
    const std::string db = folder / name;
    fs::copy_file(study, db);
    const std::string shard = db + ".out/" + name + ".db";
    const ProcessResult trained = Dse(Train(db, {"--shard", "0/1", "--out", shard}));
    INFO(trained.err);
    REQUIRE(trained.code == 0);
    REQUIRE(Dse({"merge", "--db", db, db + ".out"}).code == 0);
    CHECK(Query(db, "SELECT count(*) FROM runs WHERE state = 'done'") == "1");
  }
}

TEST_CASE("conflicts, and shards in use, are told and end a merge with 1", "[cli][train]") {
  const TempFolder folder;
  const std::string db = SmallStudy(folder, "RegNetX", "2");
  const std::string shard = folder / "shard.db";
  REQUIRE(Dse(Train(db, {"--shard", "0/1", "--out", shard})).code == 0);
  REQUIRE(Dse(Train(db, {"--limit", "1", "--keep-weights"})).code == 0);
  Query(shard,
        "UPDATE runs SET error = 99, finished_at = finished_at + 1e6 WHERE id = 1"
        " RETURNING 1");
  Query(shard,
        "UPDATE attempts SET error = 99, ended_at = ended_at + 1e6 WHERE run_id = 1"
        " RETURNING 1");
  const ProcessResult conflict = Dse({"merge", "--db", db, shard});
  CHECK(conflict.code == 1);
  CHECK_THAT(conflict.out, Contains("conflict: run 1 ("));
  CHECK_THAT(conflict.out, Contains("done with 99% in " + shard));
  CHECK_THAT(conflict.err, Contains("--prefer newest"));
  CHECK(Query(db, "SELECT other_error || settled FROM conflicts") == "99.00");
  const std::string weights =
      db + ".d/weights/" + Query(db, "SELECT key FROM runs WHERE id = 1") + ".safetensors";
  CHECK(fs::exists(weights));
  CHECK(Dse({"merge", "--db", db, shard, "--prefer", "newest"}).code == 0);
  CHECK(Query(db, "SELECT error FROM runs WHERE id = 1") == "99.0");
  CHECK_FALSE(fs::exists(weights));  // they are the other result's
  CHECK(fs::exists(weights + ".replaced-1"));
  CHECK(Dse(Train(db, {})).code == 0);
  CHECK_THAT(Dse({"verify", "--db", db, "--clean"}).out, !Contains("removed"));
  CHECK(fs::exists(weights + ".replaced-1"));  // nobody's rubbish

  Query(shard,
        "UPDATE runs SET state = 'running', error = NULL, best_error = NULL, owner ="
        " 'elsewhere/1/2/3/4/5', lease_expires = strftime('%s', 'now') + 1000 WHERE id = 2"
        " RETURNING 1");
  const std::string before = ReadFile(db);
  const ProcessResult busy = Dse({"merge", "--db", db, shard});
  CHECK(busy.code == 1);
  CHECK_THAT(busy.err, Contains(shard + ": is in use: 1 runs are being trained into it, such as "
                                        "run 2 on elsewhere"));
  CHECK(ReadFile(db) == before);
  const ProcessResult itself = Dse({"merge", "--db", db, folder.path()});
  CHECK(itself.code == 1);
  CHECK_THAT(itself.err, Contains("is the file that shards are merged into"));
}

}  // namespace
}  // namespace dse::merge_test
