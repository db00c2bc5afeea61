#include "db/giving_back.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "db/finishing.h"
#include "db/owner.h"
#include "tests/db/run_study.h"

namespace dse::giving_back_test {
namespace {

using Catch::Matchers::Contains;

TEST_CASE("a released run is pending again and that is no failure") {
  RunStudy s(1);
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

TEST_CASE("the message that a run was given back with is known until it has a result") {
  HeldStudy s(1);
  ReleaseRun(s.db, s.Claim(), "too large, as it seems");
  CHECK_FALSE(GivenBackWith(s.db, {}, "too large"));
  ReleaseRun(s.db, s.Claim());  // interrupted
  const ClaimedRun run = s.Claim();
  CHECK(GivenBackWith(s.db, run, "too large"));
  CHECK_FALSE(GivenBackWith(s.db, run, "too small"));
  REQUIRE(FinishRun(s.db, run, Done(10)));
  WritableConnection(s.db).Execute(
      "UPDATE runs SET state = 'pending', error = NULL, best_error = NULL");
  CHECK_FALSE(GivenBackWith(s.db, s.Claim(), "too large"));
}

TEST_CASE("a run of a living owner is given back only after its lease") {
  RunStudy s(2);
  s.Claim(1000);
  s.Claim(-1);
  CHECK(ReclaimLost(s.db, s.runs) == 1);
  CHECK(ReclaimLost(s.db, s.runs) == 0);
  CHECK(Column(s.db, "SELECT group_concat(state, ' ') FROM (SELECT state FROM runs ORDER BY id)") ==
        "running pending");
  CHECK(Column(s.db, "SELECT outcome FROM attempts WHERE run_id = 2") == "lost");
}

TEST_CASE("a run of a batch job that ended is given back at once, one of any other is not") {
  RunStudy s(4);
  for (int i = 0; i < 4; ++i) s.Claim(1000);
  WritableConnection(s.db).Execute(
      "UPDATE runs SET owner = owner || '/slurm:mars:1000:' || id || ':500' WHERE id < 4");
  std::vector<int64_t> asked;
  const auto ended = [&](std::span<const Owner> owners) {
    std::vector<bool> answers;
    for (const Owner& owner : owners) {
      asked.push_back(owner.job()->id);
      answers.push_back(owner.job()->id == 2);
    }
    return answers;
  };
  CHECK(ReclaimLost(s.db, s.runs, ended) == 1);
  std::ranges::sort(asked);
  CHECK(asked == std::vector<int64_t>{1, 2, 3});
  CHECK(Column(s.db, "SELECT group_concat(state, ' ') FROM (SELECT state FROM runs ORDER BY id)") ==
        "running pending running running");
  CHECK(Column(s.db, "SELECT outcome FROM attempts WHERE run_id = 2") == "lost");
}

TEST_CASE("who finds nothing to claim takes a lost run that another gives back meanwhile") {
  RunStudy s(1);
  s.Claim(1000);
  WritableConnection(s.db).Execute("UPDATE runs SET owner = owner || '/slurm:mars:1000:7:500'");
  const auto gone = [](std::span<const Owner> owners) {
    return std::vector<bool>(owners.size(), true);
  };
  // Asked between looking for a run and giving back.
  const auto given_back_by_another = [&](std::span<const Owner> owners) {
    Database other = Database::Open(s.db.path(), OpenMode::kReadWrite);
    CHECK(ReclaimLost(other, s.runs, gone) == 1);
    return gone(owners);
  };
  const std::optional<ClaimedRun> run =
      ClaimOrReclaim(s.db, Owner::ThisProcess(), Request(s.runs), given_back_by_another);
  REQUIRE(run);
  CHECK(run->attempt == 2);
}

TEST_CASE("runs outside the set are not given back") {
  RunStudy s(2);
  s.Claim(-1);
  CHECK(ReclaimLost(s.db, std::vector{s.runs[1]}) == 0);
  CHECK(ReclaimLost(s.db, s.runs) == 1);
}

TEST_CASE("the fifth loss of a run makes it failed for good") {
  RunStudy s(1);
  for (int i = 1; i <= 5; ++i) {
    REQUIRE(s.Claim(-1, 100));
    CHECK(ReclaimLost(s.db, s.runs) == 1);
    CHECK(Column(s.db, "SELECT state FROM runs") == (i < 5 ? "pending" : "failed"));
  }
  CHECK_FALSE(s.Claim(1000, 100));
  CHECK_THAT(Column(s.db, "SELECT message FROM runs"), Contains("ended 5 times"));
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

TEST_CASE("a run given back with a message keeps it with the attempt and counts no failure") {
  HeldStudy s(1);
  CHECK(ReleaseRun(s.db, s.Claim(), "the device is lost"));
  CHECK(Column(s.db, "SELECT state || failures || losses || (message IS NULL) FROM runs") ==
        "pending001");
  CHECK(Column(s.db, "SELECT outcome || ', ' || message FROM attempts") ==
        "released, the device is lost");
}

TEST_CASE("failures taken back are as if they had not been, unless the run was taken again") {
  HeldStudy s(3);
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

}  // namespace
}  // namespace dse::giving_back_test
