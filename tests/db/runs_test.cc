#include "db/runs.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "core/hash.h"
#include "db/connection.h"
#include "db/results.h"
#include "tests/db/fixtures.h"
#include "tests/support/temp_folder.h"

namespace dse {
namespace {

using Catch::Matchers::Contains;

std::string Column(Database& db, const std::string& sql) {
  return db.impl().connection.QueryText(sql);
}

// A study of `count` runs, open.
struct Study {
  explicit Study(int count)
      : path(folder / "a.db"),
        runs(MakeStudy(path, count)),
        db(Database::Open(path, OpenMode::kReadWrite)) {}
  std::optional<ClaimedRun> Claim(double lease_seconds = 1000, int retries = 2) {
    ClaimRequest request = Request(runs, lease_seconds);
    request.retries = retries;
    return ClaimNext(db, owner, request);
  }
  TempFolder folder;
  std::string path;
  std::vector<int64_t> runs;
  Database db;
  Owner owner = Owner::ThisProcess();
};

TEST_CASE("the key of a run depends on each of its four parts") {
  const std::string key = RunKey("model", "recipe", "data", 1);
  CHECK(key == ShortHash(R"(["model","recipe","data",1])"));
  const std::set<std::string> keys = {
      key, RunKey("model2", "recipe", "data", 1), RunKey("model", "recipe2", "data", 1),
      RunKey("model", "recipe", "data2", 1), RunKey("model", "recipe", "data", 2)};
  CHECK(keys.size() == 5);
}

TEST_CASE("planning inserts what is missing, once, and counting tells the same without writing") {
  const TempFolder folder;
  Database db = Database::Open(folder / "a.db", OpenMode::kCreate);
  StorePopulation(db, MakePopulation("p"), MakeDraws(3));
  const WantedRuns wanted = MakeWanted(db, "p", 2);
  const PlanSummary before = CountRuns(db, wanted);
  CHECK(before.inserted == 6);
  CHECK(before.states[RunState::kPending] == 6);
  CHECK(before.run_ids.empty());
  CHECK(Column(db, "SELECT count(*) FROM recipes") == "0");

  const PlanSummary plan = PlanRuns(db, wanted);
  CHECK(plan.inserted == 6);
  CHECK(plan.states[RunState::kPending] == 6);
  CHECK(plan.run_ids.size() == 6);
  const PlanSummary again = PlanRuns(db, MakeWanted(db, "p", 3));
  CHECK(again.inserted == 3);
  CHECK(again.states[RunState::kPending] == 9);

  const ClaimedRun run = ClaimNext(db, Owner::ThisProcess(), Request(plan.run_ids)).value();
  CHECK(FinishRun(db, run, Done(30)));
  for (const PlanSummary& now : {CountRuns(db, wanted), CountRuns(db, plan.run_ids)}) {
    CHECK(now.run_ids == plan.run_ids);
    CHECK(now.inserted == 0);
    CHECK(now.states[RunState::kPending] == 5);
    CHECK(now.states[RunState::kDone] == 1);
    CHECK(now.best_error == 30);
  }
}

TEST_CASE("two populations with the same network share its run") {
  const TempFolder folder;
  Database db = Database::Open(folder / "a.db", OpenMode::kCreate);
  StorePopulation(db, MakePopulation("p"), MakeDraws(3));
  StorePopulation(db, MakePopulation("q"), MakeDraws(4));
  CHECK(PlanRuns(db, MakeWanted(db, "p")).inserted == 3);
  CHECK(PlanRuns(db, MakeWanted(db, "q")).inserted == 1);
  CHECK(Column(db, "SELECT count(*) FROM series") == "2");
  CHECK(Column(db, "SELECT count(*) FROM series_runs") == "7");
  CHECK(Column(db, "SELECT count(*) FROM runs") == "4");
}

TEST_CASE("a member's own learning rate makes its effective recipe, within one series") {
  const TempFolder folder;
  Database db = Database::Open(folder / "a.db", OpenMode::kCreate);
  std::vector<Draw> draws = MakeDraws(2);
  draws[1].overrides.lr = 0.7;
  StorePopulation(db, MakePopulation("p"), draws);
  const PlanSummary plan = PlanRuns(db, MakeWanted(db, "p"));
  CHECK(Column(db, "SELECT count(*) FROM series") == "1");
  CHECK(Column(db, "SELECT count(*) FROM recipes") == "2");
  ClaimNext(db, Owner::ThisProcess(), Request(plan.run_ids));
  const ClaimedRun second = ClaimNext(db, Owner::ThisProcess(), Request(plan.run_ids)).value();
  CHECK(second.recipe_json == MakeRecipe("cifar", 0.7).document);
  CHECK(second.fingerprint == MakeDataset().fingerprint);
  CHECK(ModelHash(ParseModel(ParseJson(second.model_json, "run"), "run")) == draws[1].hash);
}

TEST_CASE("a plan with an unknown member, a wrong model or a seed too large changes nothing") {
  const TempFolder folder;
  Database db = Database::Open(folder / "a.db", OpenMode::kCreate);
  StorePopulation(db, MakePopulation("p"), MakeDraws(2));
  WantedRuns wanted = MakeWanted(db, "p");
  SECTION("unknown member") { wanted.runs[1].member_id = 99; }
  SECTION("wrong model") { wanted.runs[1].model_hash = wanted.runs[0].model_hash; }
  SECTION("seed") { wanted.runs[1].seed = ~uint64_t{0}; }
  CHECK(MessageOf([&] { PlanRuns(db, wanted); }) != "");
  CHECK(Column(db, "SELECT count(*) FROM runs") == "0");
  CHECK(Column(db, "SELECT count(*) FROM recipes") == "0");
}

TEST_CASE("claims go in the order wanted and only within the set") {
  Study s(5);
  const std::vector<int64_t> set = {s.runs[3], s.runs[1]};
  CHECK(ClaimNext(s.db, s.owner, Request(set))->run_id == s.runs[3]);
  CHECK(ClaimNext(s.db, s.owner, Request(set))->run_id == s.runs[1]);
  CHECK_FALSE(ClaimNext(s.db, s.owner, Request(set)));
  CHECK(s.Claim()->run_id == s.runs[0]);
  CHECK_FALSE(ClaimNext(s.db, s.owner, Request({})));
}

TEST_CASE("a claim fills the run and opens an attempt") {
  Study s(1);
  const ClaimedRun run = s.Claim().value();
  CHECK(run.attempt == 1);
  CHECK(run.token == s.owner.token());
  CHECK(run.seed == 0);
  CHECK(Column(s.db, "SELECT state || ' ' || attempt || ' ' || host || ' ' || device FROM runs") ==
        "running 1 here cpu");
  CHECK(Column(s.db, "SELECT abs(lease_expires - started_at - 1000) < 0.01 FROM runs") == "1");
  CHECK(Column(s.db,
               "SELECT outcome IS NULL AND ended_at IS NULL AND owner = (SELECT owner FROM runs)"
               " FROM attempts") == "1");
  CHECK(RenewLease(s.db, run, 5000));
  CHECK(Column(s.db, "SELECT lease_expires - started_at BETWEEN 4999 AND 5060 FROM runs") == "1");
}

TEST_CASE("epochs are stored as they come, a loss that is not finite as NULL") {
  Study s(1);
  const ClaimedRun run = s.Claim().value();
  CHECK(RecordEpoch(s.db, run, {1, 0.1, 2.25, 80.0, 2.0, 75.5, 1.5}));
  CHECK(RecordEpoch(s.db, run, {2, 0.05, std::nan(""), 70.0, HUGE_VAL, 65.0, 1.5}));
  CHECK(RecordEpoch(s.db, run, {2, 0.05, 1.75, 70.0, std::nullopt, 64.0, 1.5}));  // done again
  CHECK(Column(s.db,
               "SELECT group_concat(epoch || ':' || lr || ':' || train_loss || ':' ||"
               " coalesce(test_loss, '-') || ':' || test_error, ' ') FROM epochs") ==
        "1:0.1:2.25:2.0:75.5 2:0.05:1.75:-:64.0");
  CHECK_THROWS_AS(RecordEpoch(s.db, run, {3, 0.1, 1.0, std::nan(""), 1.0, 50.0, 1}), Error);
  CHECK_THROWS_AS(RecordEpoch(s.db, run, {3, 0.1, 1.0, 50.0, 1.0, 100.5, 1}), Error);
}

TEST_CASE("a finished run keeps its outcome and is never claimed again") {
  Study s(3);
  FinishedRun done = Done(42.5);
  done.best_error = 40.0;
  done.micro_batch = 32;
  done.img_per_s = 1000;
  done.torch_version = "2.11";
  done.precision = "bf16";
  CHECK(FinishRun(s.db, *s.Claim(), done));
  CHECK(LoadSeries(s.db, {}).at(0).members.at(0).runs.at(0).precision == "bf16");
  FinishedRun diverged;
  diverged.state = RunState::kDiverged;
  diverged.message = "loss is NaN in epoch 1";
  CHECK(FinishRun(s.db, *s.Claim(), diverged));
  FinishedRun memory;
  memory.state = RunState::kOutOfMemory;
  memory.best_error = 12;  // means nothing without a result
  CHECK(FinishRun(s.db, *s.Claim(), memory));
  CHECK_FALSE(s.Claim(1000, 100));
  CHECK(Column(s.db,
               "SELECT group_concat(state || ':' || coalesce(error, '-') || ':' ||"
               " coalesce(best_error, '-') || ':' || coalesce(message, '-'), ' ') FROM runs") ==
        "done:42.5:40.0:- diverged:-:-:loss is NaN in epoch 1 out_of_memory:-:-:-");
  CHECK(Column(s.db, "SELECT group_concat(outcome, ' ') FROM attempts") ==
        "done diverged out_of_memory");
  CHECK(Column(s.db,
               "SELECT micro_batch || ' ' || seconds || ' ' || img_per_s || ' ' ||"
               " torch_version || ' ' || (dse_version IS NOT NULL) FROM runs LIMIT 1") ==
        "32 2.0 1000.0 2.11 1");
  CHECK(Column(s.db, "SELECT count(*) FROM runs WHERE owner IS NULL AND finished_at > 0") == "3");
}

TEST_CASE("results that cannot be are refused and the run stays ours") {
  Study s(1);
  const ClaimedRun run = s.Claim().value();
  FinishedRun result;
  CHECK_THROWS_AS(FinishRun(s.db, run, result), Error);  // done without an error
  for (const double error : {std::nan(""), -1.0, 100.5, HUGE_VAL}) {
    CHECK_THROWS_AS(FinishRun(s.db, run, Done(error)), Error);
  }
  result.state = RunState::kDiverged;
  result.error = 100;
  CHECK_THROWS_AS(FinishRun(s.db, run, result), Error);
  result = {};
  result.state = RunState::kPending;
  CHECK_THROWS_AS(FinishRun(s.db, run, result), Error);
  CHECK(FinishRun(s.db, run, Done(0)));
}

TEST_CASE("a failed run is claimed again as often as retries allow") {
  Study s(1);
  FinishedRun failed;
  failed.state = RunState::kFailed;
  failed.message = "device lost";
  for (int attempt = 1; attempt <= 3; ++attempt) {
    const std::optional<ClaimedRun> run = s.Claim(1000, 2);
    REQUIRE(run);
    CHECK(run->attempt == attempt);
    CHECK(Column(s.db, "SELECT message IS NULL FROM runs") == "1");
    CHECK(FinishRun(s.db, *run, failed));
  }
  CHECK_FALSE(s.Claim(1000, 2));
  CHECK(s.Claim(1000, 3));
  CHECK(Column(s.db, "SELECT group_concat(message, ', ') FROM attempts") ==
        "device lost, device lost, device lost");
}

TEST_CASE("a released run is pending again and that is no failure") {
  Study s(1);
  for (int i = 0; i < 10; ++i) {
    const std::optional<ClaimedRun> run = s.Claim(1000, 0);
    REQUIRE(run);
    CHECK(ReleaseRun(s.db, *run));
    CHECK_FALSE(ReleaseRun(s.db, *run));
  }
  CHECK(Column(s.db, "SELECT state || ' ' || failures || ' ' || attempt FROM runs") ==
        "pending 0 10");
  CHECK(Column(s.db, "SELECT count(*) FROM attempts WHERE outcome = 'released'") == "10");
}

TEST_CASE("a run of a living owner is given back only after its lease") {
  Study s(2);
  s.Claim(1000);
  s.Claim(-1);
  CHECK(ReclaimLost(s.db, s.runs) == 1);
  CHECK(ReclaimLost(s.db, s.runs) == 0);
  CHECK(Column(s.db, "SELECT group_concat(state, ' ') FROM (SELECT state FROM runs ORDER BY id)") ==
        "running pending");
  CHECK(Column(s.db, "SELECT outcome FROM attempts WHERE run_id = 2") == "lost");
}

TEST_CASE("runs outside the set are not given back") {
  Study s(2);
  s.Claim(-1);
  CHECK(ReclaimLost(s.db, std::vector{s.runs[1]}) == 0);
  CHECK(ReclaimLost(s.db, s.runs) == 1);
}

TEST_CASE("a late finisher changes nothing") {
  Study s(1);
  const ClaimedRun late = s.Claim(-1).value();
  CHECK(ReclaimLost(s.db, s.runs) == 1);
  const auto nothing_works = [&] {
    CHECK_FALSE(RenewLease(s.db, late, 100));
    CHECK_FALSE(RecordEpoch(s.db, late, {1, 0.1, 1.0, 50.0, 1.0, 50.0, 1}));
    CHECK_FALSE(ReleaseRun(s.db, late));
    CHECK_FALSE(FinishRun(s.db, late, Done(1)));
  };
  nothing_works();                            // nobody's run
  const ClaimedRun mine = s.Claim().value();  // by the same process: the attempt differs
  CHECK(mine.attempt == 2);
  nothing_works();
  ClaimedRun thief = mine;  // the owner differs
  thief.token = "elsewhere/boot/1/2/3/4";
  CHECK_FALSE(FinishRun(s.db, thief, Done(1)));
  CHECK(FinishRun(s.db, mine, Done(33)));
  nothing_works();  // a final one
  CHECK(Column(s.db, "SELECT state || ' ' || error FROM runs") == "done 33.0");
  CHECK(Column(s.db, "SELECT group_concat(outcome, ' ') FROM attempts") == "lost done");
  CHECK(Column(s.db, "SELECT count(*) FROM epochs") == "0");
}

TEST_CASE("the fifth loss of a run makes it failed for good") {
  Study s(1);
  for (int i = 1; i <= 5; ++i) {
    REQUIRE(s.Claim(-1, 100));
    CHECK(ReclaimLost(s.db, s.runs) == 1);
    CHECK(Column(s.db, "SELECT state FROM runs") == (i < 5 ? "pending" : "failed"));
  }
  CHECK_FALSE(s.Claim(1000, 100));
  CHECK_THAT(Column(s.db, "SELECT message FROM runs"), Contains("ended 5 times"));
}

TEST_CASE("several processes claim every run exactly once and lose none") {
  const TempFolder folder;
  const std::string path = folder / "a.db";
  const std::vector<int64_t> runs = MakeStudy(path, 200);
  std::vector<int> children;
  for (int worker = 0; worker < 4; ++worker) {
    children.push_back(StartChild([&, worker] {
      Database db = Database::Open(path, OpenMode::kReadWrite);
      std::ofstream out(folder / std::to_string(worker));
      while (const auto run = ClaimNext(db, Owner::ThisProcess(), Request(runs))) {
        out << run->run_id << '\n' << std::flush;
        if (!FinishRun(db, *run, Done(double(run->run_id % 100)))) throw Error("lost a run");
      }
    }));
  }
  for (const int child : children) CHECK(WaitForChild(child) == 0);
  std::multiset<int64_t> claimed;
  for (int worker = 0; worker < 4; ++worker) {
    std::ifstream in(folder / std::to_string(worker));
    for (int64_t id; in >> id;) claimed.insert(id);
  }
  CHECK(claimed == std::multiset<int64_t>(runs.begin(), runs.end()));
  Database db = Database::Open(path, OpenMode::kReadOnly);
  CHECK(CountRuns(db, runs).states[RunState::kDone] == 200);
  CHECK(Column(db, "SELECT count(*) FROM attempts WHERE outcome = 'done'") == "200");
  CHECK(Column(db, "PRAGMA integrity_check") == "ok");
}

TEST_CASE("the run of a killed process is given back at once, waited for or not") {
  const TempFolder folder;
  const std::string path = folder / "a.db";
  const std::vector<int64_t> runs = MakeStudy(path, 1);
  const bool reaped = GENERATE(false, true);
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const int child = StartChild([&] {
    Database db = Database::Open(path, OpenMode::kReadWrite);
    if (!ClaimNext(db, Owner::ThisProcess(), Request(runs))) throw Error("no run");
    if (write(ends[1], "x", 1) != 1) throw Error("broken pipe");
    pause();
  });
  char ready = 0;
  REQUIRE(read(ends[0], &ready, 1) == 1);
  close(ends[0]);
  close(ends[1]);
  Database db = Database::Open(path, OpenMode::kReadWrite);
  CHECK(ReclaimLost(db, runs) == 0);  // it lives
  kill(child, SIGKILL);
  siginfo_t info;
  waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);  // ended, still a zombie
  if (reaped) CHECK(WaitForChild(child) == 128 + SIGKILL);
  CHECK(ReclaimLost(db, runs) == 1);
  CHECK(ClaimNext(db, Owner::ThisProcess(), Request(runs))->attempt == 2);
  if (!reaped) WaitForChild(child);
}

}  // namespace
}  // namespace dse
