#include "db/merge.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "db/additions.h"
#include "db/claims.h"
#include "db/done_runs.h"
#include "db/epochs.h"
#include "db/evaluations.h"
#include "db/giving_back.h"
#include "db/merge_source.h"
#include "db/owner.h"
#include "db/run_changes.h"
#include "db/sqlite/connection.h"
#include "db/timings.h"
#include "tests/db/fixtures.h"
#include "tests/support/temp_folder.h"

namespace dse::merge_test {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;

// Files with the same three pending runs of population "p".
struct Files {
  Files() : ids(MakeStudy(file, 3)) { fs::copy_file(file, other); }
  static Database Open(const std::string& path) {
    return Database::Open(path, OpenMode::kReadWrite);
  }
  ClaimedRun Claim(Database& db, double lease = 1000) const {
    return ClaimNext(db, Owner::ThisProcess(), Request(ids, lease)).value();
  }
  // The next run of a file gets this result.
  void Finish(const std::string& path, double error) const {
    Database db = Open(path);
    const ClaimedRun run = Claim(db);
    RecordEpoch(db, run, {1, 0.1, 2.0, 60.0, 2.1, error, 1.0});
    REQUIRE(FinishRun(db, run, Done(error)));
  }
  MergeSummary Merge(Prefer prefer = Prefer::kNeither) const {
    Database db = Open(file);
    return MergeRows(db, other, other, {prefer, {}});
  }
  std::string Text(const std::string& sql) const {
    return sqlite::Connection(file, sqlite::Access::kReadWrite).QueryText(sql);
  }
  TempFolder folder;
  std::string file = folder / "a.db";
  std::string other = folder / "b.db";
  std::vector<int64_t> ids;
};

TEST_CASE("a run without a result gets that of the other file with attempts and epochs, once") {
  const Files files;
  {
    Database db = Files::Open(files.other);
    ReleaseRun(db, files.Claim(db), "given back");
  }
  files.Finish(files.other, 20);
  const MergeSummary first = files.Merge();
  CHECK(first.results == 1);
  CHECK(first.attempts == 2);
  CHECK(first.epochs == 1);
  CHECK(first.conflicts.empty());
  CHECK(files.Text("SELECT group_concat(state || coalesce(error, '')) FROM"
                   " (SELECT * FROM runs ORDER BY state)") == "done20.0,pending,pending");
  CHECK(files.Text("SELECT group_concat(test_error) FROM curves") == "20.0");
  const std::string before = ReadFile(files.file);
  CHECK(files.Merge().rows == 0);
  CHECK(ReadFile(files.file) == before);
  CHECK(files.Text("PRAGMA integrity_check") == "ok");
}

TEST_CASE("a file that knows nothing of the other's networks gets all of it") {
  const Files files;
  files.Finish(files.other, 20);
  {
    Database db = Files::Open(files.other);
    const std::vector<DoneRun> done = LoadDoneRuns(db, {}, {});
    StoreEvaluation(db, done.front(), MakeDataset(), {21, 1.5, 1000});
    StoreTiming(db, MakeDraws(1)[0].model, {MakeDraws(1)[0].hash, true, "cpu", "fp32", 2, 32},
                {5, 4, 6, 3, "E 1"});
    AddMembers(db, "named '\"; DROP TABLE runs; --", MakeDraws(2));
  }
  const std::string fresh = files.folder / "fresh.db";
  Database db = Database::Open(fresh, OpenMode::kCreate);
  const MergeSummary summary = MergeRows(db, files.other, files.other, {});
  CHECK(summary.runs == 3);
  CHECK(summary.merged.size() == 3);
  sqlite::Connection source(files.other, sqlite::Access::kReadWrite);
  for (const char* sql :
       {"SELECT group_concat(key) FROM (SELECT key FROM runs ORDER BY id)",
        "SELECT group_concat(population || member || state || coalesce(error, '')) FROM results",
        "SELECT group_concat(tested_on || tested_error) FROM evaluated",
        "SELECT group_concat(model || milliseconds) FROM speeds",
        "SELECT group_concat(name || key) FROM populations",
        "SELECT group_concat(population || epoch || test_error) FROM curves"}) {
    INFO(sql);
    CHECK(source.QueryText(sql) != "");
    CHECK(db.impl().connection.QueryText(sql) == source.QueryText(sql));
  }
  CHECK(db.impl().connection.QueryInt("SELECT count(*) FROM pragma_foreign_key_check") == 0);
  CHECK(MergeRows(db, files.other, files.other, {}).rows == 0);
}

TEST_CASE("two different results of a run are both kept until somebody prefers one") {
  const Files files;
  files.Finish(files.file, 30);
  files.Finish(files.other, 20);  // later
  for (int call = 0; call < 2; ++call) {
    const MergeSummary summary = files.Merge();
    REQUIRE(summary.conflicts.size() == 1);
    CHECK(summary.conflicts[0].error == 30.0);
    CHECK(summary.conflicts[0].other_error == 20.0);
    CHECK(summary.conflicts[0].source == files.other);
    CHECK((summary.rows == 0) == (call == 1));
  }
  const char* shown =
      "SELECT r.error || ' ' || c.error || ' ' || c.other_error || ' ' || c.settled"
      " FROM conflicts c JOIN runs r ON r.id = c.run_id";
  CHECK(files.Text(shown) == "30.0 30.0 20.0 0");
  SECTION("the newest") {
    const MergeSummary settled = files.Merge(Prefer::kNewest);
    CHECK(settled.conflicts.empty());
    CHECK(files.Text(shown) == "20.0 20.0 30.0 1");
    REQUIRE(settled.merged.size() == 3);
    CHECK(settled.merged[0].shown);
  }
  SECTION("the first") {
    const MergeSummary settled = files.Merge(Prefer::kFirst);
    CHECK(settled.conflicts.empty());
    CHECK(files.Text(shown) == "30.0 30.0 20.0 1");
    CHECK_FALSE(settled.merged[0].shown);
  }
  CHECK(files.Merge().rows == 0);
  CHECK(files.Merge().conflicts.empty());
  // A retry that is given up brings back the result that counted.
  const std::string before = files.Text("SELECT error FROM runs WHERE state = 'done'");
  Database db = Files::Open(files.file);
  RunFilter first;
  first.ids = {files.ids[0]};
  RetryRuns(db, first);
  CancelRuns(db, first);
  CHECK(files.Text("SELECT error FROM runs WHERE state = 'done'") == before);
  ForgetRuns(db, first);
  CHECK(files.Text("SELECT count(*) FROM rivals") == "0");
}

TEST_CASE("equal results of two files are no conflict") {
  const Files files;
  files.Finish(files.file, 30);
  files.Finish(files.other, 30);
  const MergeSummary summary = files.Merge();
  CHECK(summary.conflicts.empty());
  CHECK(summary.results == 0);
  CHECK(summary.attempts == 1);
  CHECK(files.Merge().rows == 0);
}

TEST_CASE("a run that somebody trains into the file is left alone until that has ended") {
  const Files files;
  files.Finish(files.other, 20);
  Database db = Files::Open(files.file);
  const ClaimedRun run = files.Claim(db);
  CHECK(files.Merge().busy == 1);
  CHECK(files.Text("SELECT state FROM runs WHERE id = 1") == "running");
  ReleaseRun(db, run);
  CHECK(files.Merge().results == 1);
  CHECK(files.Text("SELECT state || error FROM runs WHERE id = 1") == "done20.0");
}

TEST_CASE("an owner of the file whose lease ran out loses its run to a result of a shard") {
  const Files files;
  files.Finish(files.other, 20);
  Database db = Files::Open(files.file);
  const ClaimedRun run = files.Claim(db, /*lease=*/-1);
  CHECK(files.Merge().results == 1);
  CHECK_FALSE(FinishRun(db, run, Done(99)));
  CHECK(files.Text("SELECT group_concat(outcome) FROM attempts") == "lost,done");
}

TEST_CASE("what a shard's owner stores after it was taken for dead is brought along later") {
  const Files files;
  Database other = Files::Open(files.other);
  const ClaimedRun run = files.Claim(other, /*lease=*/-1);
  RecordEpoch(other, run, {1, 0.1, 2.0, 60.0, 2.1, 50.0, 1.0});
  CHECK(files.Merge().attempts == 1);
  CHECK(files.Text("SELECT outcome FROM attempts") == "lost");
  CHECK(files.Text("SELECT state FROM runs WHERE id = 1") == "pending");
  REQUIRE(FinishRun(other, run, Done(20)));
  CHECK(files.Merge().results == 1);
  CHECK(files.Text("SELECT group_concat(outcome) FROM attempts") == "done");
  CHECK(files.Merge().rows == 0);
}

TEST_CASE("a population of the same name that was made otherwise is named, and nothing changes") {
  const Files files;
  PopulationRecord population = MakePopulation("it's \"p\"");
  {
    Database db = Files::Open(files.file);
    StorePopulation(db, population, MakeDraws(1));
    Database other = Files::Open(files.other);
    population.seed = 2;
    StorePopulation(other, population, MakeDraws(1));
  }
  files.Finish(files.other, 20);
  const std::string before = ReadFile(files.file);
  CHECK_THAT(MessageOf([&] { files.Merge(); }),
             Contains("its population 'it's \"p\"' has another origin, space, seed or band"));
  CHECK(ReadFile(files.file) == before);
}

TEST_CASE("members named by hand in both files are joined by what they are") {
  const TempFolder folder;
  Database db = Database::Open(folder / "a.db", OpenMode::kCreate);
  std::vector<Draw> draws = MakeDraws(3);
  AddMembers(db, "named", std::vector{draws[0], draws[1]});
  {
    Database other = Database::Open(folder / "b.db", OpenMode::kCreate);
    AddMembers(other, "named", std::vector{draws[2], draws[1]});
  }
  MergeRows(db, folder / "b.db", "b.db", {});
  CHECK(db.impl().connection.QueryText(
            "SELECT group_concat(m.idx || o.hash) FROM members m JOIN models o ON o.id ="
            " m.model_id ORDER BY m.idx") ==
        "0" + draws[0].hash + ",1" + draws[1].hash + ",2" + draws[2].hash);
}

TEST_CASE("a file in use is told with host and run, and one of an older schema is read in a copy") {
  const Files files;
  Database other = Files::Open(files.other);
  const ClaimedRun run = files.Claim(other);
  const std::optional<FileUse> use = MergeSource(files.other).InUse();
  REQUIRE(use);
  CHECK_THAT(use->Text(), Contains("run 1 on " + Owner::ThisProcess().host()));
  ReleaseRun(other, run);
  CHECK_FALSE(MergeSource(files.other).InUse());

  const int version = GENERATE(1, 2, 3, 4);
  const std::string old = files.folder / "old.db";
  fs::copy_file(DSE_TEST_DATA "/results-v" + std::to_string(version) + ".db", old);
  const std::string before = ReadFile(old);
  MergeSource source(old);
  Database db = Database::Open(files.folder / "fresh.db", OpenMode::kCreate);
  CHECK(MergeRows(db, source.readable(), old, {}).runs > 0);
  CHECK(MergeRows(db, source.readable(), old, {}).rows == 0);
  CHECK(ReadFile(old) == before);
}

TEST_CASE("what is no results file, newer or damaged is not merged") {
  const Files files;
  CHECK_THAT(MessageOf([&] { MergeSource(files.folder.Write("t.db", std::string(5000, 'x'))); }),
             Contains("is not a database of dse"));
  CHECK_THAT(MessageOf([&] { MergeSource(files.folder / "none.db"); }), Contains("no such file"));
  CHECK_THAT(MessageOf([&] { MergeSource(files.folder.Write("e.db", "")); }), Contains("is empty"));
  std::string bytes = ReadFile(files.other);
  const std::string torn = files.folder.Write("torn.db", bytes.substr(0, bytes.size() - 20000));
  CHECK_THAT(MessageOf([&] { MergeSource{torn}; }), Contains("damaged"));
  sqlite::Connection(files.other, sqlite::Access::kReadWrite).Execute("PRAGMA user_version = 99");
  CHECK_THAT(MessageOf([&] { MergeSource{files.other}; }), Contains("written by a newer dse"));
}

}  // namespace
}  // namespace dse::merge_test
