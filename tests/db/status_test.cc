#include "db/status.h"

#include <catch2/catch.hpp>

#include "db/claims.h"
#include "db/finishing.h"
#include "db/owner.h"
#include "db/plan.h"
#include "tests/db/run_study.h"
#include "tests/db/trained_study.h"

namespace dse::status_test {
namespace {

TEST_CASE("the status tells progress, workers and failures") {
  TrainedStudy s;
  const std::vector<int64_t> all = PlanRuns(s.db, MakeWanted(s.db, "p", 2)).run_ids;
  const ClaimedRun run = *ClaimNext(s.db, Owner::ThisProcess(), Request(all));
  FinishedRun failed;
  failed.state = RunState::kFailed;
  failed.message = "broken image";
  FinishRun(s.db, run, failed);
  const DatabaseStatus status = LoadStatus(s.db);
  CHECK(status.populations == 1);
  CHECK(status.models == 3);
  REQUIRE(status.series.size() == 1);
  const SeriesStatus& series = status.series[0];
  CHECK(series.population == "p");
  CHECK(series.states.total() == 6);
  CHECK(series.states[RunState::kDone] == 3);
  CHECK(series.states[RunState::kDiverged] == 1);
  CHECK(series.states[RunState::kRunning] == 1);
  CHECK(series.states[RunState::kFailed] == 1);
  CHECK(series.states[RunState::kPending] + series.states[RunState::kOutOfMemory] +
            series.states[RunState::kCancelled] ==
        0);
  CHECK(series.best_error == 30.0);
  CHECK(series.mean_seconds == (2.0 + 2.0 + 2.0 + 8.0) / 4);
  REQUIRE(status.workers.size() == 1);
  CHECK(status.workers[0].model_hash == s.draws[2].hash);
  CHECK(status.workers[0].host == "here");
  CHECK(status.workers[0].attempt == 2);
  CHECK(status.workers[0].epoch == 2);
  CHECK(status.workers[0].lease_seconds > 0);
  CHECK_FALSE(status.workers[0].certainly_dead);
  REQUIRE(status.failures.size() == 1);
  CHECK(status.failures[0].message == "broken image");
  CHECK(status.runs.Text() == series.states.Text());
  CHECK(status.workers[0].epochs == 2);
  CHECK(status.workers[0].silent_seconds <= status.workers[0].seconds);
}

TEST_CASE("failures of one cause are counted together, whatever numbers their sentences have") {
  RunStudy s(7);
  const auto fail = [&](RunState state, const std::string& message) {
    FinishedRun result;
    result.state = state;
    result.message = message;
    FinishRun(s.db, s.Claim().value(), result);
  };
  fail(RunState::kFailed, "image 17.png is broken");
  fail(RunState::kFailed, "device lost");
  fail(RunState::kFailed, "image a4.png is broken");
  fail(RunState::kOutOfMemory, "out of memory on cuda:0");
  fail(RunState::kFailed, "image 3.png is broken");
  fail(RunState::kDiverged, "the loss is not finite in epoch 2");
  fail(RunState::kDiverged, "the loss is not finite in epoch 1");
  const DatabaseStatus status = LoadStatus(s.db);
  REQUIRE(status.causes.size() == 4);
  CHECK(status.causes[0].state == RunState::kFailed);
  CHECK(status.causes[0].count == 3);
  CHECK(status.causes[0].latest.message == "image 3.png is broken");
  CHECK(status.causes[0].latest.run_id == s.runs[4]);
  CHECK(status.causes[1].state == RunState::kDiverged);
  CHECK(status.causes[1].count == 2);
  CHECK(status.causes[1].latest.message == "the loss is not finite in epoch 1");
  CHECK(status.causes[2].count + status.causes[3].count == 2);
  CHECK(status.failures.size() == 4);
}

TEST_CASE("the rate is of the shortest time in which ten runs ended") {
  RunStudy s(30);
  const auto at = [&](int first, int last, double ago, double took) {
    sqlite::Statement(s.db.impl().connection,
                      "UPDATE runs SET state = 'done', error = 1, attempt = 1,"
                      " finished_at = ?3, started_at = ?3 - ?4 WHERE id BETWEEN ?1 AND ?2",
                      s.runs[static_cast<size_t>(first)], s.runs[static_cast<size_t>(last)],
                      sqlite::Now() - ago, took)
        .Run();
  };
  CHECK_FALSE(LoadStatus(s.db).recent.PerHour());
  at(0, 3, 200'000, 10);  // more than a day ago: long past
  CHECK_FALSE(LoadStatus(s.db).recent.PerHour());
  at(4, 8, 20'000, 1000);  // five of six hours
  CHECK(LoadStatus(s.db).recent.finished == 5);
  // Time goes on while it is asked.
  CHECK(*LoadStatus(s.db).recent.PerHour() <= 5 / 21000.0 * 3600);
  CHECK(*LoadStatus(s.db).recent.PerHour() >= 5 / 21600.0 * 3600);
  at(9, 19, 1000, 800);  // eleven of the last hour, in half of it
  CHECK(LoadStatus(s.db).recent.finished == 11);
  CHECK(*LoadStatus(s.db).recent.PerHour() <= 22);
  CHECK(*LoadStatus(s.db).recent.PerHour() >= 11);
  at(20, 25, 100, 50);  // six of the last minutes are not enough for a rate of their own
  CHECK(LoadStatus(s.db).recent.finished == 17);
  REQUIRE(LoadStatus(s.db).series.size() == 1);
  CHECK(LoadStatus(s.db).series[0].recent.finished == 17);
  at(26, 29, 100, 50);
  CHECK(LoadStatus(s.db).recent.finished == 10);
}

}  // namespace
}  // namespace dse::status_test
