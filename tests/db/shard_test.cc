#include "db/shard.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
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

namespace dse::shard_test {
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
  const ShardSummary shard = study.Open(1, 2, "1.db");
  CHECK(shard.keys.size() == 2);
  CHECK(study.Query("1.db", "SELECT count(*) FROM models") == 2);
  CHECK(study.Query("1.db", "SELECT count(*) FROM members WHERE idx IN (2, 4)") == 2);
  const ShardSummary other = study.Open(0, 2, "0.db");
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

// Every run of the populations, repeat by repeat as `dse train` plans them.
WantedRuns PlanOf(const std::string& file, const std::vector<std::string>& populations,
                  int repeats) {
  Database db = Database::Open(file, OpenMode::kReadOnly);
  WantedRuns plan;
  for (const std::string& population : populations) {
    WantedRuns wanted = MakeWanted(db, population, repeats);
    plan.recipe = wanted.recipe;
    plan.dataset = wanted.dataset;
    plan.runs.insert(plan.runs.end(), wanted.runs.begin(), wanted.runs.end());
  }
  std::ranges::stable_sort(plan.runs, {}, &WantedRun::seed);
  return plan;
}

std::set<std::string> KeysOf(const WantedRuns& plan) {
  std::set<std::string> keys;
  for (const WantedRun& run : plan.runs) {
    keys.insert(RunKey(run.model_hash, run.recipe.hash, plan.dataset.fingerprint, run.seed));
  }
  return keys;
}

// The fullest and the emptiest of so many parts.
struct Parts {
  size_t fullest = 0;
  size_t emptiest = SIZE_MAX;
};
Parts CountParts(const std::string& file, const WantedRuns& plan, uint64_t count) {
  std::vector<size_t> runs(count);
  for (const uint64_t number : OpenRunNumbers(file, plan)) ++runs[number % count];
  return {std::ranges::max(runs), std::ranges::min(runs)};
}

TEST_CASE("a plan that grows while tasks wait gives every run to one shard") {
  const Study study(7);
  constexpr int64_t kTasks = 3;
  // Begun by an array whose other task starts when the plan has grown.
  const WantedRuns before = PlanOf(study.file, {"p"}, 1);
  for (int64_t index : {0, 2}) {
    OpenShard(study.file, before, {index, kTasks}, study.folder / (std::to_string(index) + ".db"));
  }
  study.Finish("0.db", 20);
  std::vector<std::string> populations{"p"};
  int repeats = 1;
  SECTION("at its end") {
    Database db = Database::Open(study.file, OpenMode::kReadWrite);
    StorePopulation(db, MakePopulation("p"), MakeDraws(12));
  }
  SECTION("in its middle, by members and repeats") {
    Database db = Database::Open(study.file, OpenMode::kReadWrite);
    StorePopulation(db, MakePopulation("p"), MakeDraws(12));
    repeats = 3;
  }
  SECTION("by a population that has some of the networks, listed first") {
    Database db = Database::Open(study.file, OpenMode::kReadWrite);
    StorePopulation(db, MakePopulation("q"), MakeDraws(9, 8 + 8 * 4));
    populations = {"q", "p"};
    repeats = 2;
  }
  SECTION("by members that differ in their learning rate alone") {
    Database db = Database::Open(study.file, OpenMode::kReadWrite);
    std::vector<Draw> draws = MakeDraws(7);
    for (Draw& draw : draws) draw.overrides.lr = draw.index % 2 == 0 ? 0.1 : 0.3;
    StorePopulation(db, MakePopulation("q"), draws);
    populations = {"q", "p"};
  }
  const WantedRuns after = PlanOf(study.file, populations, repeats);
  std::set<std::string> left = KeysOf(after);
  REQUIRE(left.size() > 7);
  for (int64_t index = 0; index < kTasks; ++index) {
    const std::string name = std::to_string(index) + ".db";
    const ShardSummary shard = OpenShard(study.file, after, {index, kTasks}, study.folder / name);
    CHECK(shard.made == (index == 1));
    CHECK(study.Query(name, "SELECT count(*) FROM runs") ==
          static_cast<int64_t>(shard.keys.size()));
    for (const std::string& key : shard.keys) CHECK(left.erase(key) == 1);
  }
  CHECK(left.empty());
  CHECK(study.Query("0.db", "SELECT count(*) FROM runs WHERE state = 'done'") == 1);
}

TEST_CASE("a run's part is the same whatever populations a plan names") {
  const Study study(5);
  {
    Database db = Database::Open(study.file, OpenMode::kReadWrite);
    StorePopulation(db, MakePopulation("q"), MakeDraws(5));
  }
  const auto numbers = [&](const std::vector<std::string>& populations) {
    return OpenRunNumbers(study.file, PlanOf(study.file, populations, 2));
  };
  CHECK(numbers({"p"}) == std::vector<uint64_t>{1, 2, 3, 4, 5, 85134, 85135, 85136, 85137, 85138});
  CHECK(numbers({"q"}) == numbers({"p"}));
  CHECK(numbers({"q", "p"}) == numbers({"p"}));
}

TEST_CASE("parts are even") {
  const Study study(500);
  const Parts many = CountParts(study.file, PlanOf(study.file, {"p"}, 3), 8);
  CHECK(many.emptiest >= 186);  // of 187.5
  CHECK(many.fullest <= 189);
  const Study small(8);
  const Parts few = CountParts(small.file, PlanOf(small.file, {"p"}, 3), 8);
  CHECK(few.emptiest == 3);
  CHECK(few.fullest == 3);
  const Study single(24);
  const Parts once = CountParts(single.file, PlanOf(single.file, {"p"}, 1), 8);
  CHECK(once.emptiest == 3);
  CHECK(once.fullest == 3);
  const Parts each = CountParts(small.file, PlanOf(small.file, {"p"}, 3), 24);
  CHECK(each.fullest <= 2);
  // Twelve learning rates of one network are twelve runs.
  const Study sweep(1);
  {
    Database db = Database::Open(sweep.file, OpenMode::kReadWrite);
    std::vector<Draw> draws;
    for (int i = 0; i < 12; ++i) {
      draws.push_back(MakeDraws(1).front());
      draws.back().index = i;
      draws.back().overrides.lr = 0.01 * (i + 1);
    }
    StorePopulation(db, MakePopulation("rates"), draws);
  }
  const Parts rates = CountParts(sweep.file, PlanOf(sweep.file, {"rates"}, 1), 4);
  CHECK(rates.emptiest >= 2);
  CHECK(rates.fullest <= 4);
}

TEST_CASE("a shard that was used for another plan goes on with the one of now") {
  const Study study(4);
  study.Open(0, 2, "0.db");
  study.Finish("0.db", 20);
  study.Merge("0.db");
  WantedRuns other = study.Wanted();
  other.recipe = MakeRecipe("other", 0.2);
  for (WantedRun& run : other.runs) run.recipe = other.recipe;
  const auto open = [&](const WantedRuns& wanted) {
    return OpenShard(study.file, wanted, {0, 2}, study.folder / "0.db").keys.size();
  };
  CHECK(open(other) == 2);
  {
    Database shard = Database::Open(study.folder / "0.db", OpenMode::kReadWrite);
    const std::vector<int64_t> ids = {3, 4};
    REQUIRE(
        FinishRun(shard, ClaimNext(shard, Owner::ThisProcess(), Request(ids)).value(), Done(9)));
  }
  CHECK(open(other) == 2);
  CHECK_THAT(MessageOf([&] { open(study.Wanted()); }), Contains("another plan"));
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
}  // namespace dse::shard_test
