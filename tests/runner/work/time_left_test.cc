#include "runner/work/time_left.h"

#include <signal.h>

#include <catch2/catch.hpp>
#include <chrono>

#include "tests/runner/work/study.h"

namespace dse::time_left_test {
namespace {

int64_t Now() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

TrainerFactory Quiet() {
  return FakeTrainerFactory(
      [](const TrainingJob& job, const TrainingHooks& hooks) { return TrainQuietly(job, hooks); });
}

TEST_CASE("a run is expected to take as long as finished ones of its size, by flops") {
  CHECK_FALSE(ExpectedSeconds(100, {}));
  CHECK(ExpectedSeconds(100, {{100, 7}}) == 7);
  CHECK(ExpectedSeconds(200, {{100, 7}}) == 14);
  // The longest of the five nearest counts.
  CHECK(ExpectedSeconds(100, {{90, 9}, {100, 8}, {100, 12}, {110, 11}, {100, 8}, {9000, 90000}}) ==
        12);
}

TEST_CASE("in a batch job whose end is near a worker ends after the run it begins with") {
  const Study study(4);
  TrainRequest request = study.Request();
  request.job = SlurmJob{"mars", 1000, 17, Now() - 60, Now()};
  const TrainSummary summary = Train(request, study.data(), Quiet(), {});
  CHECK(summary.out_of_time);
  CHECK_FALSE(summary.interrupted);
  CHECK_FALSE(summary.left_undone);
  CHECK(summary.finished_here == 1);
  CHECK(study.Query("SELECT count(*) FROM runs WHERE state = 'pending' AND failures = 0") == 3);
  CHECK(
      study.QueryText("SELECT DISTINCT substr(owner, instr(owner, '/slurm:') + 1) FROM attempts") ==
      "slurm:mars:1000:17:" + std::to_string(*request.job->start));
}

TEST_CASE("a run that is expected to take longer than the job lasts is not begun") {
  const Study study(4);
  TrainRequest request = study.Request();
  request.job = SlurmJob{"mars", 1000, 17, Now(), Now() + 36'000};
  request.limit = 1;
  CHECK_FALSE(Train(request, study.data(), Quiet(), {}).out_of_time);
  CHECK(study.Query("SELECT count(*) FROM runs WHERE state = 'done'") == 1);
  request.limit = {};
  // Runs take a day, as it seems then; what is begun is the first alone.
  request.job->id = 18;
  const TrainSummary later =
      Train(request, study.data(),
            FakeTrainerFactory([](const TrainingJob& job, const TrainingHooks& hooks) {
              TrainingResult result = TrainQuietly(job, hooks);
              result.seconds = 86'400;
              return result;
            }),
            {});
  CHECK(later.out_of_time);
  CHECK(later.finished_here == 1);
  // In a job without a limit everything is trained.
  request.job->end = {};
  CHECK_FALSE(Train(request, study.data(), Quiet(), {}).out_of_time);
  CHECK(study.Query("SELECT count(*) FROM runs WHERE state = 'done'") == 4);
}

TEST_CASE("SIGUSR1 ends a training as an interruption, and a SIGTERM after it only asks again") {
  const Study study(2);
  const TrainRequest request = study.Request();
  const std::string told = study.File("told"), go = study.File("go");
  const int pid =
      StartTrain(request, study.data(),
                 FakeTrainerFactory([told, go](const TrainingJob& job, const TrainingHooks& hooks) {
                   if (!Eventually([&] { return hooks.should_stop(); }))
                     return TrainQuietly(job, hooks);
                   AppendLine(told, "told");
                   Eventually([&] { return CountLines(go) > 0; });
                   TrainingResult interrupted;
                   interrupted.outcome = TrainingOutcome::kInterrupted;
                   return interrupted;
                 }));
  REQUIRE(Eventually(
      [&] { return study.Query("SELECT count(*) FROM runs WHERE state = 'running'") == 1; }));
  kill(pid, SIGUSR1);
  REQUIRE(Eventually([&] { return CountLines(told) == 1; }));
  kill(pid, SIGTERM);
  kill(pid, SIGUSR1);
  AppendLine(go, "go");
  CHECK(WaitFor(pid) == 130);
  CHECK(study.QueryText("SELECT group_concat(outcome) FROM attempts") == "released");
  CHECK(study.Query("SELECT count(*) FROM runs WHERE state = 'pending'") == 2);
}

}  // namespace
}  // namespace dse::time_left_test
