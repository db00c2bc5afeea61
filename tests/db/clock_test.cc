#include <catch2/catch.hpp>

#include "db/epochs.h"
#include "db/giving_back.h"
#include "db/verify.h"
#include "tests/db/fixtures.h"
#include "tests/db/run_study.h"

namespace dse::clock_test {
namespace {

// This process is on a host whose clock is so far ahead, while it lives.
class ClockAhead {
 public:
  explicit ClockAhead(double seconds) { sqlite::SetClockOffset(seconds); }
  ~ClockAhead() { sqlite::SetClockOffset(0); }
  ClockAhead(const ClockAhead&) = delete;
  ClockAhead& operator=(const ClockAhead&) = delete;
};

EpochRecord Epoch(int number, double error) {
  EpochRecord epoch;
  epoch.epoch = number;
  epoch.lr = 0.1;
  epoch.test_error = error;
  return epoch;
}

bool Train(Database& db, const ClaimedRun& run, double error) {
  return RecordEpoch(db, run, Epoch(1, error)) && RecordEpoch(db, run, Epoch(2, error)) &&
         FinishRun(db, run, Done(error));
}

std::vector<std::string> Verify(Database& db) {
  std::vector<std::string> lines;
  VerifyRows(db, [&](const Finding& finding) { lines.push_back(finding.Line("F")); });
  return lines;
}

const Owner kElsewhere = Owner::FromToken("elsewhere/boot/1/2/3/4");

}  // namespace

TEST_CASE(
    "a host whose clock is an hour ahead takes a living owner's run, whose results then count "
    "for nothing",
    "[fault]") {
  HeldStudy study(1);
  const ClaimedRun ours = study.Claim(120);
  REQUIRE(RecordEpoch(study.db, ours, Epoch(1, 90)));
  {
    const ClockAhead ahead(3600);
    CHECK(ReclaimLost(study.db, study.runs) == 1);
    const auto theirs = ClaimNext(study.db, kElsewhere, Request(study.runs, 120));
    REQUIRE(theirs);
    CHECK(theirs->attempt == 2);
    CHECK(Train(study.db, *theirs, 40));
  }
  CHECK_FALSE(RenewLease(study.db, ours, 120));
  CHECK_FALSE(RecordEpoch(study.db, ours, Epoch(2, 90)));
  CHECK_FALSE(FinishRun(study.db, ours, Done(90)));
  CHECK_FALSE(ReleaseRun(study.db, ours));
  CHECK(Column(study.db, "SELECT state || error || attempt FROM runs") == "done40.02");
  CHECK(Column(study.db, "SELECT group_concat(outcome) FROM attempts") == "lost,done");
  CHECK(Verify(study.db).empty());
}

TEST_CASE(
    "the run of a silent host whose clock is an hour ahead waits that hour and is then given "
    "back",
    "[fault]") {
  HeldStudy study(1);
  {
    const ClockAhead ahead(3600);
    REQUIRE(ClaimNext(study.db, kElsewhere, Request(study.runs, 120)));
  }
  CHECK(ReclaimLost(study.db, study.runs) == 0);
  CHECK(Verify(study.db).empty());
  const ClockAhead later(3600 + 121);
  CHECK(Verify(study.db).size() == 1);  // a claim whose lease ran out
  CHECK(ReclaimLost(study.db, study.runs) == 1);
  CHECK(Verify(study.db).empty());
  CHECK(Train(study.db, study.Claim(120), 40));
  CHECK(Verify(study.db).empty());
}

TEST_CASE("a clock that is set back or ahead while a run is trained costs the run nothing",
          "[fault]") {
  for (const double step : {-3600.0, 3600.0}) {
    CAPTURE(step);
    HeldStudy study(1);
    const ClaimedRun run = study.Claim(120);
    REQUIRE(RecordEpoch(study.db, run, Epoch(1, 40)));
    const ClockAhead stepped(step);
    CHECK(RenewLease(study.db, run, 120));
    CHECK(ReclaimLost(study.db, study.runs) == 0);
    CHECK(RecordEpoch(study.db, run, Epoch(2, 40)));
    CHECK(FinishRun(study.db, run, Done(40)));
    CHECK(Column(study.db, "SELECT state || error FROM runs") == "done40.0");
    const std::vector<std::string> lines = Verify(study.db);
    CHECK(lines.size() == (step < 0 ? 1 : 0));
    if (step < 0) {
      CHECK_THAT(lines.at(0), Catch::Contains("ended before it began: the clock of here was set "
                                              "back meanwhile"));
    }
  }
}

}  // namespace dse::clock_test
