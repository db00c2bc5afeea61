#include "db/epochs.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "db/giving_back.h"
#include "tests/db/run_study.h"

namespace dse::epochs_test {
namespace {

TEST_CASE("epochs are stored as they come, a loss that is not finite as NULL") {
  RunStudy s(1);
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

TEST_CASE("repeated epochs do not make losses forgotten, new ones do") {
  HeldStudy s(1);
  const ClaimedRun first = s.Claim(-1);
  RecordEpoch(s.db, first, {1, 0.1});
  ReclaimLost(s.db, s.runs);
  const ClaimedRun second = s.Claim();
  RecordEpoch(s.db, second, {1, 0.1});
  CHECK(Column(s.db, "SELECT losses FROM runs") == "1");
  RecordEpoch(s.db, second, {2, 0.1});
  CHECK(Column(s.db, "SELECT losses FROM runs") == "0");
}

}  // namespace
}  // namespace dse::epochs_test
