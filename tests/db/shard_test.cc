#include "db/shard.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <set>

#include "db/claims.h"
#include "db/merge.h"
#include "db/owner.h"
#include "db/run_changes.h"
#include "db/sqlite/connection.h"
#include "db/verify.h"
#include "tests/db/fixtures.h"
#include "tests/support/temp_folder.h"

namespace dse {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;

// A file with population "p" and no runs.
struct Study {
  explicit Study(int networks) : file(folder / "study.db") {
    Database db = Database::Open(file, OpenMode::kCreate);
    StorePopulation(db, MakePopulation("p"), MakeDraws(networks));
  }
  WantedRuns Wanted(int repeats = 1) const {
    Database db = Database::Open(file, OpenMode::kReadOnly);
    return MakeWanted(db, "p", repeats);
  }
  ShardSummary Open(int64_t index, int64_t count, const std::string& name, int repeats = 1) const {
    return OpenShard(file, Wanted(repeats), {index, count}, folder / name);
  }
  int64_t Query(const std::string& name, const std::string& sql) const {
    return sqlite::Connection(folder / name, sqlite::Access::kReadWrite).QueryInt(sql);
  }
  // Trains the next run of a shard.
  void Finish(const std::string& name, double error) const {
    Database db = Database::Open(folder / name, OpenMode::kReadWrite);
    std::vector<int64_t> ids;
    sqlite::Statement row(db.impl().connection, "SELECT id FROM runs ORDER BY id");
    while (row.Step()) ids.push_back(row.Int(0));
    const ClaimedRun run = ClaimNext(db, Owner::ThisProcess(), Request(ids)).value();
    REQUIRE(FinishRun(db, run, Done(error)));
  }
  MergeSummary Merge(const std::string& name) const {
    Database db = Database::Open(file, OpenMode::kReadWrite);
    return MergeRows(db, folder / name, name, {});
  }
  TempFolder folder;
  std::string file;
};

TEST_CASE("shards share the runs of a plan, and their keys are those of the file") {
  const Study study(7);
  const std::string before = ReadFile(study.file);
  std::set<std::string> keys;
  int64_t runs = 0;
  for (int64_t index : {0, 1, 2}) {
    const std::string name = std::to_string(index) + ".db";
    const ShardSummary shard = study.Open(index, 3, name, /*repeats=*/2);
    CHECK(shard.made);
    CHECK(shard.populations == std::vector<std::string>{"p"});
    keys.insert(shard.keys.begin(), shard.keys.end());
    runs += static_cast<int64_t>(shard.keys.size());
    CHECK(study.Query(name, "SELECT count(*) FROM runs WHERE state = 'pending'") ==
          static_cast<int64_t>(shard.keys.size()));
    CHECK(study.Query(name, "SELECT count(*) FROM attempts") == 0);
    CHECK(study.Query(name, "SELECT count(*) FROM pragma_foreign_key_check") == 0);
  }
  CHECK(runs == 14);
  CHECK(keys.size() == 14);
  CHECK(ReadFile(study.file) == before);
  Database db = Database::Open(study.file, OpenMode::kReadWrite);
  PlanRuns(db, study.Wanted(2));
  sqlite::Statement row(db.impl().connection, "SELECT key FROM runs");
  while (row.Step()) CHECK(keys.erase(row.Text(0)) == 1);
}

TEST_CASE("a shard holds what the file has no result of, and only what its runs need") {
  const Study study(6);
  {
    Database db = Database::Open(study.file, OpenMode::kReadWrite);
    const std::vector<int64_t> ids = PlanRuns(db, study.Wanted()).run_ids;
    FinishRun(db, ClaimNext(db, Owner::ThisProcess(), Request(ids)).value(), Done(30));
    ClaimNext(db, Owner::ThisProcess(), Request(ids)).value();  // and trains it for the time being
  }
  const ShardSummary shard = study.Open(0, 2, "0.db");
  CHECK(shard.keys.size() == 2);
  CHECK(study.Query("0.db", "SELECT count(*) FROM models") == 2);
  CHECK(study.Query("0.db", "SELECT count(*) FROM members WHERE idx IN (2, 4)") == 2);
  const ShardSummary other = study.Open(1, 2, "1.db");
  CHECK(other.held == 1);
  CHECK(other.keys.size() == 2);
}

TEST_CASE("a shard is taken up again, and a longer plan's new runs come into it") {
  const Study study(4);
  study.Open(0, 2, "0.db");
  study.Finish("0.db", 20);
  const ShardSummary again = study.Open(0, 2, "0.db");
  CHECK_FALSE(again.made);
  CHECK(again.keys.size() == 2);
  CHECK(study.Query("0.db", "SELECT count(*) FROM runs WHERE state = 'done'") == 1);
  {
    Database db = Database::Open(study.file, OpenMode::kReadWrite);
    StorePopulation(db, MakePopulation("p"), MakeDraws(6));
  }
  const ShardSummary longer = study.Open(0, 2, "0.db");
  CHECK(longer.added == 1);
  CHECK(longer.keys.size() == 3);
  CHECK(study.Query("0.db", "SELECT count(*) FROM runs") == 3);
}

TEST_CASE("runs that come into the middle of a plan are left to other shards") {
  const Study study(3);
  study.Open(0, 2, "0.db");
  study.Finish("0.db", 20);
  WantedRuns wanted = study.Wanted();
  WantedRun other = wanted.runs.front();
  other.seed = 9;
  wanted.runs.insert(wanted.runs.begin(), other);
  const ShardSummary shard = OpenShard(study.file, wanted, {0, 2}, study.folder / "0.db");
  CHECK(shard.elsewhere == 2);
  CHECK(shard.keys.empty());
  CHECK(study.Query("0.db", "SELECT count(*) FROM runs") == 2);
}

TEST_CASE("a shard of another part, plan or file is refused while it holds results of its own") {
  const Study study(4);
  study.Open(0, 2, "0.db");
  study.Finish("0.db", 20);
  const std::string before = ReadFile(study.folder / "0.db");
  const auto open = [&](const std::string& file, const WantedRuns& wanted, int64_t index) {
    return MessageOf([&] { OpenShard(file, wanted, {index, 2}, study.folder / "0.db"); });
  };
  CHECK_THAT(open(study.file, study.Wanted(), 1), Contains("was made for part 0/2, not 1/2"));
  WantedRuns other = study.Wanted();
  other.recipe = MakeRecipe("other", 0.2);
  for (WantedRun& run : other.runs) run.recipe = other.recipe;
  CHECK_THAT(open(study.file, other, 0), Contains("another plan"));
  fs::copy_file(study.file, study.folder / "copy.db");
  CHECK_THAT(open(study.folder / "copy.db", study.Wanted(), 0),
             Contains("is a shard of " + study.file));
  CHECK(ReadFile(study.folder / "0.db") == before);
  CHECK_THAT(MessageOf([&] {
               OpenShard(study.folder / "0.db", study.Wanted(), {0, 2}, study.folder / "x.db");
             }),
             Contains("is a shard of " + study.file + "; shards are made of that file"));
  CHECK_THAT(MessageOf([&] {
               OpenShard(study.file, study.Wanted(), {0, 2}, study.folder / "copy.db");
             }),
             Contains("not a shard"));
  study.Merge("0.db");
  CHECK(open(study.file, study.Wanted(), 1) == "");
  CHECK(study.Query("0.db", "SELECT part FROM shard") == 1);
}

TEST_CASE("a run made pending again in the file is trained again in its shard") {
  const Study study(2);
  study.Open(0, 1, "0.db");
  study.Finish("0.db", 20);
  study.Finish("0.db", 21);
  study.Merge("0.db");
  CHECK(study.Open(0, 1, "0.db").keys.empty());
  {
    Database db = Database::Open(study.file, OpenMode::kReadWrite);
    RunFilter all;
    all.states = {RunState::kDone};
    RetryRuns(db, all);
  }
  CHECK(study.Merge("0.db").rows == 0);
  CHECK(study.Query("study.db", "SELECT count(*) FROM runs WHERE state = 'pending'") == 2);
  CHECK(study.Open(0, 1, "0.db").keys.size() == 2);
  study.Finish("0.db", 10);
  CHECK(study.Merge("0.db").results == 1);
  CHECK(study.Query("study.db", "SELECT count(*) FROM runs WHERE error = 10") == 1);
  CHECK(study.Query("study.db", "SELECT count(*) FROM conflicts") == 0);
}

TEST_CASE("many processes that make one shard at once make one shard") {
  const Study study(6);
  std::vector<int> children;
  for (int i = 0; i < 6; ++i) {
    children.push_back(StartChild([&] {
      if (study.Open(0, 2, "0.db").keys.size() != 3) throw Error("other runs");
    }));
  }
  for (const int child : children) CHECK(WaitForChild(child) == 0);
  CHECK(study.Query("0.db", "SELECT count(*) FROM runs") == 3);
  for (const auto& entry : fs::directory_iterator(study.folder.path())) {
    const std::string name = entry.path().filename().string();
    CHECK((name == "0.db" || name == "study.db"));
  }
}

TEST_CASE("a study's file is not repaired by who makes a shard of it") {
  const Study study(2);
  REQUIRE(KillInTransaction(study.file));
  const std::string before = ReadFile(study.file);
  CHECK_THAT(MessageOf([&] { Database::Open(study.file, OpenMode::kUntouched); }),
             Contains("a killed program left it in the middle of a change"));
  CHECK(ReadFile(study.file) == before);
  CHECK(study.Open(0, 1, "0.db").made);  // what reads the study for MakeWanted repairs it
}

TEST_CASE("verify finds nothing in a shard of runs that were taken over with an older dataset") {
  const Study study(4);
  WantedRuns wanted = study.Wanted(/*repeats=*/2);
  {
    Database db = Database::Open(study.file, OpenMode::kReadWrite);
    PlanRuns(db, study.Wanted());
    wanted.dataset.old_fingerprint = wanted.dataset.fingerprint;
    wanted.dataset.fingerprint = "0011223344556677";
    REQUIRE(PlanRuns(db, wanted).adopted);
  }
  OpenShard(study.file, wanted, {0, 1}, study.folder / "0.db");
  CHECK(study.Query("0.db", "SELECT count(*) FROM runs") == 8);
  Database shard = Database::Open(study.folder / "0.db", OpenMode::kObserve);
  VerifyRows(shard, [](const Finding& finding) { FAIL_CHECK(finding.Line("F")); });
}

}  // namespace
}  // namespace dse
