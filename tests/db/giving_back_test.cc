// The order in which runs are claimed, and what is undone of failures that were not the runs' own.

#include <catch2/catch.hpp>
#include <stdexcept>

#include "db/connection.h"
#include "db/runs.h"
#include "tests/db/fixtures.h"
#include "tests/support/temp_folder.h"

namespace dse {
namespace {

std::string Column(Database& db, const std::string& sql) {
  return db.impl().connection.QueryText(sql);
}

// A study of `count` runs, open.
struct Study {
  explicit Study(int count)
      : runs(MakeStudy(folder / "a.db", count)),
        db(Database::Open(folder / "a.db", OpenMode::kReadWrite)) {}
  ClaimedRun Claim(double lease_seconds = 1000) {
    return ClaimNext(db, owner, Request(runs, lease_seconds)).value();
  }
  TempFolder folder;
  std::vector<int64_t> runs;
  Database db;
  Owner owner = Owner::ThisProcess();
};

FinishedRun Failed(const std::string& message) {
  FinishedRun failed;
  failed.state = RunState::kFailed;
  failed.message = message;
  return failed;
}

TEST_CASE("what ended badly is claimed after what did not, failures last") {
  Study s(5);
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

TEST_CASE("a run given back with a message keeps it with the attempt and counts no failure") {
  Study s(1);
  CHECK(ReleaseRun(s.db, s.Claim(), "the device is lost"));
  CHECK(Column(s.db, "SELECT state || failures || losses || (message IS NULL) FROM runs") ==
        "pending001");
  CHECK(Column(s.db, "SELECT outcome || ', ' || message FROM attempts") ==
        "released, the device is lost");
}

TEST_CASE("failures taken back are as if they had not been, unless the run was taken again") {
  Study s(3);
  std::vector<FailedAttempt> failures;
  for (int i = 0; i < 3; ++i) {
    const ClaimedRun run = s.Claim();
    FinishRun(s.db, run, Failed("no module"));
    failures.push_back({run.run_id, run.attempt});
  }
  const ClaimedRun again = s.Claim();  // of run 1, a second attempt
  CHECK(again.run_id == 1);
  CHECK(TakeBackFailures(s.db, failures) == 2);
  CHECK(TakeBackFailures(s.db, failures) == 0);
  CHECK(Column(s.db,
               "SELECT group_concat(state || failures, ' ') FROM"
               " (SELECT * FROM runs ORDER BY id)") == "running1 pending0 pending0");
  CHECK(Column(s.db,
               "SELECT group_concat(outcome, ' ') FROM (SELECT * FROM attempts"
               " WHERE outcome IS NOT NULL ORDER BY run_id)") == "failed released released");
  CHECK(Column(s.db, "SELECT count(*) FROM attempts WHERE message = 'no module'") == "3");
}

TEST_CASE("a claimed run knows how far earlier attempts came") {
  Study s(1);
  const ClaimedRun first = s.Claim();
  CHECK(first.epochs_before == 0);
  for (int epoch = 1; epoch <= 3; ++epoch) RecordEpoch(s.db, first, {epoch, 0.1});
  ReleaseRun(s.db, first);
  CHECK(s.Claim().epochs_before == 3);
}

// A run that goes on from its checkpoint repeats the epochs before.
TEST_CASE("repeated epochs do not make losses forgotten, new ones do") {
  Study s(1);
  const ClaimedRun first = s.Claim(-1);
  RecordEpoch(s.db, first, {1, 0.1});
  ReclaimLost(s.db, s.runs);
  const ClaimedRun second = s.Claim();
  RecordEpoch(s.db, second, {1, 0.1});
  CHECK(Column(s.db, "SELECT losses FROM runs") == "1");
  RecordEpoch(s.db, second, {2, 0.1});
  CHECK(Column(s.db, "SELECT losses FROM runs") == "0");
}

TEST_CASE("an action for a run is done only while the run is ours, and renews the lease") {
  Study s(1);
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

TEST_CASE("a result whose last preparation fails is not stored, and can be stored again") {
  Study s(1);
  const ClaimedRun run = s.Claim();
  CHECK_THROWS_WITH(FinishRun(s.db, run, Done(20), [] { throw std::runtime_error("no space"); }),
                    "no space");
  CHECK(Column(s.db, "SELECT state FROM runs") == "running");
  int prepared = 0;
  CHECK(FinishRun(s.db, run, Done(20), [&] { ++prepared; }));
  CHECK_FALSE(FinishRun(s.db, run, Done(20), [&] { ++prepared; }));
  CHECK(prepared == 1);
}

}  // namespace
}  // namespace dse
