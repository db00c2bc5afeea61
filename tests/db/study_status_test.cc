#include "db/study_status.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/error.h"
#include "db/claims.h"
#include "db/epochs.h"
#include "db/finishing.h"
#include "db/owner.h"
#include "tests/db/run_study.h"
#include "tests/support/file_lock.h"

namespace dse::study_status_test {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;

// A study of `runs` pending runs and copies of it, as shards that others work in.
struct ShardedStudy {
  explicit ShardedStudy(int count) : runs(MakeStudy(path, count)) {
    fs::create_directory(path + ".shards");
  }
  std::string Shard(const std::string& name) const { return path + ".shards/" + name; }
  // The next run of a file, claimed; files are made as copies of the main one.
  ClaimedRun Claim(const std::string& file) const {
    Database db = Open(file);
    return ClaimNext(db, Owner::ThisProcess(), Request(runs)).value();
  }
  void Finish(const std::string& file, const FinishedRun& result) const {
    Database db = Open(file);
    FinishRun(db, ClaimNext(db, Owner::ThisProcess(), Request(runs)).value(), result);
  }
  Database Open(const std::string& file) const {
    if (!fs::exists(file)) fs::copy_file(path, file);
    return Database::Open(file, OpenMode::kReadWrite);
  }
  void Execute(const std::string& file, const std::string& sql) const {
    Open(file).impl().connection.Execute(sql);
  }
  StudyStatus Load() const { return LoadStudyStatus(path, {}); }

  TempFolder folder;
  std::string path = folder / "a.db";
  std::vector<int64_t> runs;
};

std::string Slurp(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// The names of the files beside a file.
std::vector<std::string> Neighbours(const std::string& path) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(fs::path(path).parent_path())) {
    names.push_back(entry.path().filename().string());
  }
  return names;
}

}  // namespace

TEST_CASE("a file without shards has the status that it tells itself") {
  const ShardedStudy study(3);
  study.Finish(study.path, Done(40));
  const StudyStatus status = study.Load();
  REQUIRE(status.files.size() == 1);
  CHECK(status.files[0].path == study.path);
  CHECK(status.files[0].skipped.empty());
  CHECK(status.runs[RunState::kDone] == 1);
  CHECK(status.runs[RunState::kPending] == 2);
  REQUIRE(status.series.size() == 1);
  CHECK(status.series[0].states.Text() == status.runs.Text());
  CHECK(status.series[0].best_error == 40.0);
}

TEST_CASE("a run counts as it is where it is furthest") {
  const ShardedStudy study(6);
  const std::string one = study.Shard("1.db"), two = study.Shard("2.db");
  study.Finish(one, Done(30));  // run 1
  study.Finish(one, Failed("broken image 17"));
  {
    Database db = study.Open(one);  // run 3
    const ClaimedRun run = study.Claim(one);
    RecordEpoch(db, run, {1, 0.1, 2.0, 80.0, 2.0, 70.0, 1});
  }
  // The other shard has run 1 too, behind, and failed with what the first brought to an end.
  study.Finish(two, Failed("broken image 4"));
  // Brought back already, from another shard.
  study.Execute(study.path, "UPDATE runs SET state = 'done', error = 25, attempt = 1 WHERE id = 6");
  const StudyStatus status = study.Load();
  CHECK(status.runs.total() == 6);
  CHECK(status.runs[RunState::kDone] == 2);
  CHECK(status.runs[RunState::kFailed] == 1);
  CHECK(status.runs[RunState::kRunning] == 1);
  CHECK(status.runs[RunState::kPending] == 2);
  REQUIRE(status.series.size() == 1);
  CHECK(status.series[0].states.Text() == status.runs.Text());
  CHECK(status.series[0].best_error == 25.0);
  CHECK(status.series[0].recent.finished == 1);
  CHECK(status.recent.finished == 1);
  REQUIRE(status.workers.size() == 1);
  CHECK(status.workers[0].shard == "1.db");
  CHECK(status.workers[0].epoch == 1);
  CHECK(status.workers[0].epochs == 2);
  REQUIRE(status.failures.size() == 1);
  CHECK(status.failures[0].message == "broken image 17");
  CHECK(status.failures[0].shard == "1.db");
  REQUIRE(status.causes.size() == 1);
  CHECK(status.causes[0].count == 1);
}

TEST_CASE("runs that only a shard has count, in their series too") {
  const ShardedStudy study(3);
  const std::string one = study.Shard("1.db"), two = study.Shard("2.db");
  study.Finish(one, Done(30));
  study.Claim(one);
  study.Finish(two, Failed("overcome in the other"));
  study.Execute(study.path, GENERATE("DELETE FROM series_runs; DELETE FROM runs",
                                     "DELETE FROM series_runs; DELETE FROM runs;"
                                     "DELETE FROM series; DELETE FROM datasets",
                                     "DELETE FROM series_runs WHERE run_id < 3;"
                                     "DELETE FROM runs WHERE id < 3"));
  const StudyStatus status = study.Load();
  CHECK(status.runs.Text() == "1 done, 1 pending, 1 running");
  REQUIRE(status.series.size() == 1);
  CHECK(status.series[0].population == "p");
  CHECK(status.series[0].states.Text() == status.runs.Text());
  CHECK(status.series[0].best_error == 30.0);
  CHECK(status.recent.finished == 1);
  CHECK(status.workers.size() == 1);
  CHECK(status.failures.empty());
}

TEST_CASE("a failure that a later shard overcame is not told") {
  const ShardedStudy study(1);
  study.Finish(study.Shard("1.db"), Failed("broken image 4"));
  study.Finish(study.Shard("2.db"), Done(30));
  const StudyStatus status = study.Load();
  CHECK(status.runs.Text() == "1 done");
  CHECK(status.failures.empty());
  CHECK(status.causes.empty());
}

TEST_CASE("a run that the main file wants again is not what an old shard says of it") {
  const ShardedStudy study(2);
  const std::string shard = study.Shard("1.db");
  study.Finish(study.path, Done(30));
  study.Finish(shard, Done(31));  // run 2, of a copy that has run 1
  study.Execute(study.path,
                "UPDATE runs SET state = 'pending', error = NULL, best_error = NULL WHERE id = 1");
  const StudyStatus status = study.Load();
  CHECK(status.runs.Text() == "1 done, 1 pending");
  CHECK(status.series[0].best_error == 31.0);
}

TEST_CASE("shards are read by number, and what is no file of ours is left out with the reason") {
  const ShardedStudy study(4);
  study.Finish(study.Shard("10.db"), Done(30));
  study.Finish(study.Shard("9.db"), Done(35));
  study.folder.Write("a.db.shards/11.db", "no database at all, only text");
  std::ofstream(study.Shard("12.db")).close();
  study.folder.Write("a.db.shards/notes.txt", "not looked at");
  const StudyStatus status = study.Load();
  REQUIRE(status.files.size() == 5);
  CHECK(status.files[1].path == study.Shard("9.db"));
  CHECK(status.files[2].path == study.Shard("10.db"));
  CHECK(status.files[2].skipped.empty());
  CHECK(status.files[3].skipped == "is not a database of dse");
  CHECK(status.files[4].skipped == "is empty so far");
  CHECK(status.runs[RunState::kDone] == 1);  // the same run in both
  CHECK(status.series[0].best_error == 35.0);
}

TEST_CASE("a shard of a newer dse is left out with a sentence") {
  const ShardedStudy study(1);
  study.Finish(study.Shard("0.db"), Done(30));
  study.Execute(study.Shard("0.db"), "PRAGMA user_version = 99");
  const StudyStatus status = study.Load();
  CHECK_THAT(status.files[1].skipped, Contains("newer dse"));
  CHECK(status.runs[RunState::kDone] == 0);
}

TEST_CASE("a locked shard is left out once and read the next time") {
  const ShardedStudy study(2);
  study.Finish(study.Shard("0.db"), Done(30));
  study.Finish(study.Shard("1.db"), Done(30));
  {
    const FileLock other(study.Shard("0.db"));
    const StudyStatus status = study.Load();
    CHECK_THAT(status.files[1].skipped, Contains("locked"));
    CHECK(status.files[2].skipped.empty());
    CHECK(status.runs[RunState::kDone] == 1);
  }
  CHECK(study.Load().files[1].skipped.empty());
}

TEST_CASE("a locked main file is waited for no longer than told") {
  const ShardedStudy study(1);
  const FileLock other(study.path);
  LockWait none;
  none.seconds = 0;
  CHECK_THAT(MessageOf([&] { LoadStudyStatus(study.path, none); }),
             Contains("another program has locked the file"));
}

TEST_CASE("the shards of a linked file lie beside what the link leads to") {
  const ShardedStudy study(2);
  study.Finish(study.Shard("0.db"), Done(30));
  const TempFolder elsewhere;
  fs::create_symlink(study.path, elsewhere / "link.db");
  const StudyStatus status = LoadStudyStatus(elsewhere / "link.db", {});
  CHECK(status.files.size() == 2);
  CHECK(status.runs[RunState::kDone] == 1);
}

TEST_CASE("a status writes nothing, and leaves no lock behind") {
  const ShardedStudy study(2);
  study.Finish(study.Shard("0.db"), Done(30));
  const std::string before = Slurp(study.path), shard = Slurp(study.Shard("0.db"));
  const auto neighbours = Neighbours(study.path);
  study.Load();
  CHECK(Slurp(study.path) == before);
  CHECK(Slurp(study.Shard("0.db")) == shard);
  CHECK(Neighbours(study.path) == neighbours);
  const FileLock at_once(study.path);
  const FileLock too(study.Shard("0.db"));
}

TEST_CASE("files of every older schema are read as they are") {
  for (const char* name : {"results-v1.db", "results-v2.db", "results-v3.db"}) {
    const TempFolder folder;
    const std::string path = folder / "old.db";
    fs::copy_file(std::string(DSE_TEST_DATA "/") + name, path);
    const std::string before = Slurp(path);
    const StudyStatus status = LoadStudyStatus(path, {});
    CHECK(status.runs.total() > 0);
    CHECK(!status.series.empty());
    CHECK(Slurp(path) == before);
  }
}

TEST_CASE("a write that was interrupted is told and not rolled back") {
  const ShardedStudy study(3);
  REQUIRE(KillInTransaction(study.path));
  const std::string torn = Slurp(study.path);
  CHECK_THAT(MessageOf([&] { study.Load(); }),
             Contains(study.path) && Contains("middle of a change") && Contains("dse runs list"));
  CHECK(Slurp(study.path) == torn);
  CHECK(fs::exists(study.path + "-journal"));
  Database::Open(study.path, OpenMode::kReadOnly)
      .impl()
      .connection.QueryInt("SELECT count(*) FROM runs");
  CHECK(study.Load().runs[RunState::kPending] == 3);
}

TEST_CASE("a file that nobody may write is read, also in a folder that nobody may write") {
  const ShardedStudy study(2);
  fs::permissions(study.path, fs::perms(0444));
  fs::permissions(study.folder.path(), fs::perms(0555));
  CHECK(MessageWithoutRoot([&] {
          if (study.Load().runs.total() != 2) throw Error("not read");
        }).empty());
  fs::permissions(study.folder.path(), fs::perms(0755));
}

}  // namespace dse::study_status_test
