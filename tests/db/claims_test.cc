#include "db/claims.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <set>

#include "db/epochs.h"
#include "db/finishing.h"
#include "db/giving_back.h"
#include "db/plan.h"
#include "tests/db/run_study.h"

namespace dse {
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
}  // namespace dse
