#include "db/finishing.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <stdexcept>

#include "db/epochs.h"
#include "db/giving_back.h"
#include "db/series.h"
#include "tests/db/run_study.h"

namespace dse::finishing_test {
namespace {

TEST_CASE("a finished run keeps its outcome and is never claimed again") {
  RunStudy s(3);
  FinishedRun done = Done(42.5);
  done.best_error = 40.0;
  done.micro_batch = 32;
  done.img_per_s = 1000;
  done.engine = "2.11";
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
               " engine || ' ' || (dse_version IS NOT NULL) FROM runs LIMIT 1") ==
        "32 2.0 1000.0 2.11 1");
  CHECK(Column(s.db, "SELECT count(*) FROM runs WHERE owner IS NULL AND finished_at > 0") == "3");
}

TEST_CASE("results that cannot be are refused and the run stays ours") {
  RunStudy s(1);
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

TEST_CASE("a late finisher changes nothing") {
  RunStudy s(1);
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

TEST_CASE("a result whose last preparation fails is not stored, and can be stored again") {
  HeldStudy s(1);
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
}  // namespace dse::finishing_test
