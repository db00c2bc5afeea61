#include "db/run_times.h"

#include <catch2/catch.hpp>

#include "tests/db/run_study.h"

namespace dse::run_times_test {

TEST_CASE("a run's time is told by the five finished runs of its series nearest in size") {
  HeldStudy s(12);
  FinishedRun done = Done(10);
  done.seconds = 60;
  for (int i = 0; i < 12; ++i) {
    const ClaimedRun run = s.Claim();
    if (run.run_id != 12) REQUIRE(FinishRun(s.db, run, done));
  }
  // Networks grow with their ids, and the largest has the lowest error.
  WritableConnection(s.db).Execute("UPDATE runs SET error = 50 - id WHERE state = 'done'");
  const SeriesTimes times = TimesLike(s.db, 12);
  REQUIRE(times.finished.size() == 5);
  const auto flops = [&](int64_t run) {
    return s.db.impl().connection.QueryInt(
        "SELECT flops FROM models WHERE id = (SELECT model_id FROM runs WHERE id = " +
        std::to_string(run) + ")");
  };
  for (int i = 0; i < 5; ++i) CHECK(times.finished[static_cast<size_t>(i)].flops == flops(11 - i));
  CHECK(TimesLike(s.db, 1).finished.front().flops == flops(1));
}

}  // namespace dse::run_times_test
