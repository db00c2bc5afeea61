#include "runner/work/forecast.h"

#include <catch2/catch.hpp>

#include "runner/work/plan.h"
#include "tests/runner/work/study.h"

namespace dse::forecast_test {
namespace {

SeriesStatus Series(int64_t done, int64_t pending, int64_t running) {
  SeriesStatus series;
  series.states[RunState::kDone] = done;
  series.states[RunState::kPending] = pending;
  series.states[RunState::kRunning] = running;
  if (done > 0) series.mean_seconds = 10;
  return series;
}

}  // namespace

TEST_CASE("what is missing of a plan takes as long as the finished runs of its recipe and data") {
  const Study study(4);
  const TrainRequest request = study.Request();
  const auto forecast = [&](const Recipe& recipe, int workers) {
    Database db = Database::Open(study.db_path(), OpenMode::kReadWrite);
    const std::vector<StoredMember> members = LoadMembers(db, {});
    return ForecastPlan(db, MakePlan(members, recipe, study.data().info(), 0, 2), workers);
  };
  CHECK(forecast(request.recipe, 1).missing == 8);
  CHECK_FALSE(forecast(request.recipe, 1).seconds);

  Train(request, study.data(),
        FakeTrainerFactory([](const TrainingJob& job, const TrainingHooks& hooks) {
          return TrainQuietly(job, hooks);
        }),
        {});
  const Forecast half = forecast(request.recipe, 1);
  CHECK(half.wanted == 8);
  CHECK(half.finished == 4);
  CHECK(half.missing == 4);
  CHECK(half.seconds == 4 * 0.5);  // TrainQuietly's runs take half a second
  CHECK(forecast(request.recipe, 2).seconds == 2 * 0.5);
  Recipe other = request.recipe;
  other.name = "other";
  other.epochs = 3;
  CHECK_FALSE(forecast(other, 1).seconds);
}

TEST_CASE("a series is done when its hands have trained what is open, at the pace so far") {
  CHECK(SecondsLeft(Series(3, 4, 2)) == 10 * 6 / 2.0);
  CHECK(SecondsLeft(Series(3, 4, 0)) == 40);  // as if by one
  CHECK_FALSE(SecondsLeft(Series(3, 0, 0)));
  CHECK_FALSE(SecondsLeft(Series(0, 4, 2)));
}

}  // namespace dse::forecast_test
