#include "db/status.h"

#include <catch2/catch.hpp>

#include "db/claims.h"
#include "db/finishing.h"
#include "db/owner.h"
#include "db/plan.h"
#include "tests/db/trained_study.h"

namespace dse {
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
}

}  // namespace
}  // namespace dse
