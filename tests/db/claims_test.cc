#include "db/claims.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <set>
#include <utility>

#include "core/error.h"
#include "db/epochs.h"
#include "db/finishing.h"
#include "db/giving_back.h"
#include "db/plan.h"
#include "db/run_changes.h"
#include "db/run_list.h"
#include "db/run_set.h"
#include "tests/db/run_study.h"

namespace dse::claims_test {
namespace {

TEST_CASE("claims go in the order wanted and only within the set") {
  RunStudy s(5);
  const std::vector<int64_t> set = {s.runs[3], s.runs[1]};
  CHECK(ClaimNext(s.db, s.owner, Request(set))->run_id == s.runs[3]);
  CHECK(ClaimNext(s.db, s.owner, Request(set))->run_id == s.runs[1]);
  CHECK_FALSE(ClaimNext(s.db, s.owner, Request(set)));
  CHECK(s.Claim()->run_id == s.runs[0]);
  CHECK_FALSE(ClaimNext(s.db, s.owner, Request({})));
}

TEST_CASE("a claim fills the run and opens an attempt") {
  RunStudy s(1);
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

TEST_CASE("a failed run is claimed again as often as retries allow") {
  RunStudy s(1);
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

TEST_CASE("what ended badly is claimed after what did not, failures last") {
  HeldStudy s(5);
  FinishRun(s.db, s.Claim(), Failed("its own"));
  ReleaseRun(s.db, s.Claim(), "the device is lost");
  s.Claim(-1);
  CHECK(ReclaimLost(s.db, s.runs) == 1);
  ReleaseRun(s.db, s.Claim());  // somebody interrupted it: first again
  std::string order;
  while (const auto run = ClaimNext(s.db, s.owner, Request(s.runs))) {
    order += std::to_string(run->run_id);
  }
  CHECK(order == "45231");
}

TEST_CASE(
    "what others gave back meanwhile is claimed in its turn, wherever it stands in the plan") {
  RunStudy s(8);
  Database other = Database::Open(s.path, OpenMode::kReadWrite);
  const std::vector<int64_t> backwards(s.runs.rbegin(), s.runs.rend());
  std::optional<ClaimedRun> run;
  const auto next = [&] {
    run = ClaimNext(s.db, s.owner, Request(backwards));
    return run ? run->run_id : 0;
  };
  std::vector<ClaimedRun> others;
  for (int i = 0; i < 4; ++i) {
    others.push_back(ClaimNext(other, s.owner, Request(backwards)).value());
  }
  CHECK(next() == 4);
  ReleaseRun(other, others[1]);                // run 7
  ReleaseRun(other, others[0], "no device");   // run 8, after what nothing speaks against
  FinishRun(other, others[2], Failed("own"));  // run 6, last
  CHECK(next() == 7);
  const ClaimedRun seventh = run.value();
  CHECK(next() == 3);
  FinishRun(other, others[3], Done(1));  // run 5
  RunFilter finished;
  finished.ids = {5};
  finished.states = {RunState::kDone};
  RetryRuns(other, finished);
  CHECK(next() == 5);
  CHECK(next() == 2);
  CHECK(next() == 1);
  CHECK(next() == 8);
  CHECK(next() == 6);
  CHECK(next() == 0);
  ReleaseRun(s.db, seventh);
  CHECK(next() == 7);
}

TEST_CASE("a run that another lost after the file was read waits for those that nobody had") {
  RunStudy s(3);
  Database other = Database::Open(s.path, OpenMode::kReadWrite);
  CHECK(s.Claim()->run_id == 1);
  const ClaimedRun lost = ClaimNext(other, s.owner, Request(s.runs)).value();
  CHECK(lost.run_id == 2);
  ReleaseRun(other, lost, "no device");
  CHECK(s.Claim()->run_id == 3);
  CHECK(s.Claim()->run_id == 2);
}

TEST_CASE("runs added under the number of a forgotten one are claimed by who knew that one") {
  RunStudy s(2);
  CHECK(s.Claim()->run_id == 1);
  for (int64_t attempt = 1; attempt <= 3; ++attempt) {
    const ClaimedRun second = s.Claim().value();
    CHECK(second.run_id == 2);
    CHECK(second.attempt == attempt);
    ReleaseRun(s.db, second);
  }
  {
    Database other = Database::Open(s.path, OpenMode::kReadWrite);
    RunFilter second;
    second.ids = {2};
    ForgetRuns(other, second);
    CHECK(PlanRuns(other, MakeWanted(other, "p")).run_ids == s.runs);
  }
  CHECK(s.Claim()->run_id == 2);
  CHECK_FALSE(s.Claim());
}

// What a process of the next test does: some runs are given back or fail at first.
void WorkThrough(const std::string& path, const std::vector<int64_t>& runs,
                 const std::string& log) {
  Database db = Database::Open(path, OpenMode::kReadWrite);
  const RunSet set(runs);
  std::ofstream out(log);
  ClaimRequest request = Request(runs);
  request.run_ids = set;
  while (const auto run = ClaimNext(db, Owner::ThisProcess(), request)) {
    out << run->run_id << ' ' << run->attempt << '\n' << std::flush;
    const int64_t kind = run->attempt == 1 ? run->run_id % 8 : 0;
    const bool ours = kind == 3   ? ReleaseRun(db, *run)
                      : kind == 5 ? ReleaseRun(db, *run, "the device is lost")
                      : kind == 7 ? FinishRun(db, *run, Failed("its own"))
                                  : RecordEpoch(db, *run, {1, 0.1}) &&
                                        FinishRun(db, *run, Done(double(run->run_id % 100)));
    if (!ours) throw Error("lost a run");
  }
}

// Locks are taken in memory where there is such a folder: a disk is slow in this.
TEST_CASE(
    "sixteen processes work through four hundred runs: no attempt is had twice, none waits in "
    "vain") {
  constexpr int kProcesses = 16;
  constexpr int kRuns = 400;
  const TempFolder folder;
  const std::string memory = "/dev/shm/" + std::filesystem::path(folder.path()).filename().string();
  std::error_code failure;
  const bool in_memory = std::filesystem::create_directory(memory, failure);
  const std::string path = (in_memory ? memory : folder.path()) + "/a.db";
  const std::vector<int64_t> runs = MakeStudy(path, kRuns);
  std::vector<int> children;
  for (int i = 0; i < kProcesses; ++i) {
    children.push_back(StartChild([&, i] { WorkThrough(path, runs, folder / std::to_string(i)); }));
  }
  for (const int child : children) CHECK(WaitForChild(child) == 0);
  std::multiset<std::pair<int64_t, int64_t>> claimed, expected;
  for (int i = 0; i < kProcesses; ++i) {
    std::ifstream in(folder / std::to_string(i));
    for (int64_t id, attempt; in >> id >> attempt;) claimed.emplace(id, attempt);
  }
  for (const int64_t id : runs) {
    const int attempts = id % 8 == 3 || id % 8 == 5 || id % 8 == 7 ? 2 : 1;
    for (int attempt = 1; attempt <= attempts; ++attempt) expected.emplace(id, attempt);
  }
  CHECK(claimed == expected);
  {
    Database db = Database::Open(path, OpenMode::kReadOnly);
    CHECK(CountRuns(db, runs).states[RunState::kDone] == kRuns);
    CHECK(Column(db, "SELECT count(*) FROM epochs") == std::to_string(kRuns));
    CHECK(Column(db, "PRAGMA integrity_check") == "ok");
  }
  if (in_memory) std::filesystem::remove_all(memory);
}

TEST_CASE("a claimed run knows how far earlier attempts came") {
  HeldStudy s(1);
  const ClaimedRun first = s.Claim();
  CHECK(first.epochs_before == 0);
  for (int epoch = 1; epoch <= 3; ++epoch) RecordEpoch(s.db, first, {epoch, 0.1});
  ReleaseRun(s.db, first);
  CHECK(s.Claim().epochs_before == 3);
}

// A run that goes on from its checkpoint repeats the epochs before.

TEST_CASE("an action for a run is done only while the run is ours, and renews the lease") {
  HeldStudy s(1);
  const ClaimedRun first = s.Claim(-1);
  int done = 0;
  CHECK(WhileOurs(s.db, first, -1, [&] { ++done; }));
  ReclaimLost(s.db, s.runs);
  const ClaimedRun second = s.Claim(-1);
  CHECK_FALSE(WhileOurs(s.db, first, 1000, [&] { ++done; }));
  CHECK(WhileOurs(s.db, second, 1000, [&] { ++done; }));
  CHECK(done == 2);
  CHECK(ReclaimLost(s.db, s.runs) == 0);
}

}  // namespace
}  // namespace dse::claims_test
