#include "runner/work/train.h"

#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <limits>
#include <stdexcept>

#include "core/error.h"
#include "db/giving_back.h"
#include "tests/runner/work/study.h"

namespace dse::train_test {
namespace {

TrainingResult Quietly(const TrainingJob& job, const TrainingHooks& hooks) {
  return TrainQuietly(job, hooks);
}

}  // namespace

TEST_CASE("training a population stores a result and its epochs for every member") {
  const Study study(4);
  TrainRequest request = study.Request();
  request.workers = 2;
  int64_t reports = 0;
  std::string devices;
  const TrainSummary summary =
      Train(request, study.data(), FakeTrainerFactory(Quietly), [&](const TrainProgress& progress) {
        ++reports;
        devices = progress.devices;
        CHECK(progress.plan.run_ids.size() == 4);
      });
  CHECK(summary.plan.states[RunState::kDone] == 4);
  CHECK(summary.plan.states[RunState::kPending] == 0);
  CHECK(summary.finished_here == 4);
  CHECK_FALSE(summary.interrupted);
  CHECK(reports >= 2);
  CHECK(devices == "cpu, 3 threads");  // of both workers
  CHECK(summary.plan.best_error == Approx(10));
  CHECK(study.Query("SELECT count(*) FROM epochs") == 8);
  CHECK(study.Query("SELECT count(*) FROM attempts WHERE outcome = 'done'") == 4);
  CHECK(study.QueryText("SELECT group_concat(DISTINCT engine) FROM runs") == "Fake 1");
  CHECK(study.QueryText("SELECT group_concat(DISTINCT device) FROM runs") == "cpu, 3 threads");
  // 0.05 at batch 128: the first epoch's rate is the whole, the second's of two half of it.
  CHECK(study.Query("SELECT sum(lr = 0.05) FROM epochs WHERE epoch = 1") == 4);
  CHECK(study.Query("SELECT sum(abs(lr - 0.025) < 1e-12) FROM epochs WHERE epoch = 2") == 4);
}

TEST_CASE("training again trains nothing that is done") {
  const Study study(3);
  const std::string log = study.File("log");
  const TrainerFactory factory =
      FakeTrainerFactory([log](const TrainingJob& job, const TrainingHooks& hooks) {
        AppendLine(log, "trained");
        return TrainQuietly(job, hooks);
      });
  Train(study.Request(), study.data(), factory, {});
  const TrainSummary again = Train(study.Request(), study.data(), factory, {});
  CHECK(again.finished_here == 0);
  CHECK(again.plan.states[RunState::kDone] == 3);
  CHECK(CountLines(log) == 3);
}

TEST_CASE("repeats are runs with the following seeds") {
  const Study study(2);
  TrainRequest request = study.Request();
  request.repeats = 3;
  request.seed = 5;
  const TrainSummary summary = Train(request, study.data(), FakeTrainerFactory(Quietly), {});
  CHECK(summary.plan.states[RunState::kDone] == 6);
  CHECK(study.QueryText("SELECT group_concat(seed) FROM (SELECT DISTINCT seed FROM runs"
                        " ORDER BY seed)") == "5,6,7");
}

TEST_CASE("every outcome of a training becomes a row") {
  const Study study(4);
  TrainRequest request = study.Request();
  request.retries = 0;
  const TrainSummary summary = Train(
      request, study.data(),
      FakeTrainerFactory([](const TrainingJob& job, const TrainingHooks& hooks) -> TrainingResult {
        TrainingResult result;
        switch (PlaceOf(job.model)) {
          case 0:
            return TrainQuietly(job, hooks);
          case 1:
            hooks.on_epoch(
                {1, 0.1, std::numeric_limits<double>::quiet_NaN(), 90, INFINITY, 90, 0.1});
            result.outcome = TrainingOutcome::kDiverged;
            result.message = "the loss is not finite";
            return result;
          case 2:
            result.outcome = TrainingOutcome::kOutOfMemory;
            return result;
          default:
            throw Error("a block this trainer does not build");
        }
      }),
      {});
  CHECK(summary.plan.states[RunState::kDone] == 1);
  CHECK(summary.plan.states[RunState::kDiverged] == 1);
  CHECK(summary.plan.states[RunState::kOutOfMemory] == 1);
  CHECK(summary.plan.states[RunState::kFailed] == 1);
  CHECK(summary.finished_here == 3);
  CHECK(study.Query("SELECT count(*) FROM runs WHERE error IS NOT NULL") == 1);
  CHECK(study.Query("SELECT count(*) FROM epochs WHERE train_loss IS NULL AND test_loss IS NULL") ==
        1);
  CHECK(study.QueryText("SELECT message FROM runs WHERE state = 'failed'") ==
        "a block this trainer does not build");
}

TEST_CASE("a failed run is tried again as often as asked for") {
  const Study study(1);
  const std::string log = study.File("log");
  TrainRequest request = study.Request();
  request.retries = 2;
  const TrainSummary summary =
      Train(request, study.data(),
            FakeTrainerFactory([log](const TrainingJob&, const TrainingHooks&) -> TrainingResult {
              AppendLine(log, "tried");
              throw std::runtime_error("always");
            }),
            {});
  CHECK(summary.plan.states[RunState::kFailed] == 1);
  CHECK(summary.finished_here == 0);
  CHECK(CountLines(log) == 3);
  CHECK(study.Query("SELECT count(*) FROM attempts WHERE outcome = 'failed'") == 3);
}

TEST_CASE("a limit bounds the runs of a call over all workers") {
  const Study study(7);
  TrainRequest request = study.Request();
  request.workers = 3;
  request.limit = 4;
  const TrainSummary summary = Train(request, study.data(), FakeTrainerFactory(Quietly), {});
  CHECK(summary.finished_here == 4);
  CHECK(summary.plan.states[RunState::kPending] == 3);
}

TEST_CASE("after the time limit no run is started") {
  const Study study(3);
  TrainRequest request = study.Request();
  request.time_limit = 0;
  const TrainSummary summary = Train(request, study.data(), FakeTrainerFactory(Quietly), {});
  CHECK(summary.finished_here == 0);
  CHECK(summary.plan.states[RunState::kPending] == 3);
}

TEST_CASE("a run whose worker is killed is done by another worker, once") {
  const Study study(4);
  const std::string log = study.File("log");
  TrainRequest request = study.Request();
  request.workers = 2;
  const TrainSummary summary =
      Train(request, study.data(),
            FakeTrainerFactory([log](const TrainingJob& job, const TrainingHooks& hooks) {
              if (PlaceOf(job.model) == 1 && CountLines(log) == 0) {
                AppendLine(log, "killed");
                kill(getpid(), SIGKILL);
              }
              return TrainQuietly(job, hooks);
            }),
            {});
  CHECK(summary.plan.states[RunState::kDone] == 4);
  CHECK(summary.finished_here == 4);
  CHECK(study.Query("SELECT count(*) FROM attempts WHERE outcome = 'lost'") == 1);
  CHECK(study.Query("SELECT count(*) FROM attempts WHERE outcome = 'done'") == 4);
  CHECK(study.Query("SELECT count(*) FROM attempts") == 5);
}

TEST_CASE("a run that kills every worker is given up and the others are done") {
  const Study study(3);
  TrainRequest request = study.Request();
  request.retries = 0;
  const TrainSummary summary =
      Train(request, study.data(),
            FakeTrainerFactory([](const TrainingJob& job, const TrainingHooks& hooks) {
              if (PlaceOf(job.model) == 0) kill(getpid(), SIGKILL);
              return TrainQuietly(job, hooks);
            }),
            {});
  CHECK(summary.plan.states[RunState::kDone] == 2);
  CHECK(summary.plan.states[RunState::kFailed] == 1);
  CHECK(study.Query("SELECT count(*) FROM attempts WHERE outcome = 'lost'") == 5);
}

TEST_CASE("workers that die before they claim anything end the call") {
  const Study study(1);
  const TrainerFactory good = FakeTrainerFactory(Quietly);
  const TrainerFactory factory = [&](const TrainerOptions& options) {
    // The first trainer is made to see whether one can be made.
    if (!std::filesystem::create_directory(study.File("check"))) kill(getpid(), SIGKILL);
    return good(options);
  };
  const TrainSummary summary = Train(study.Request(), study.data(), factory, {});
  CHECK(summary.plan.states[RunState::kPending] == 1);
  CHECK(summary.left_undone);
  CHECK_THAT(summary.workers.ended_early.reason,
             Catch::Contains("20 workers in a row") && Catch::Contains("signal 9"));
}

TEST_CASE("after SIGKILL of a whole call another one finishes the rest and repeats nothing") {
  const Study study(8);
  const std::string log = study.File("log"), killed = study.File("killed");
  // After two or three runs the workers are in the midst of one until they are killed.
  const TrainerFactory factory =
      FakeTrainerFactory([log, killed](const TrainingJob& job, const TrainingHooks& hooks) {
        const bool quick = CountLines(log) < 2 || CountLines(killed) == 1;
        const TrainingResult result = TrainQuietly(job, hooks, quick ? 1 : 600'000);
        AppendLine(log, "trained");
        return result;
      });
  TrainRequest request = study.Request();
  request.workers = 2;
  const int pid = StartTrain(request, study.data(), factory);
  const std::string count_done = "SELECT count(*) FROM runs WHERE state = 'done'";
  REQUIRE(Eventually([&] { return CountLines(log) >= 2 && study.Query(count_done) >= 1; }));
  kill(-pid, SIGKILL);
  CHECK(WaitFor(pid) == 128 + SIGKILL);
  AppendLine(killed, "killed");

  const int64_t done = study.Query(count_done);
  CHECK(done >= 1);
  CHECK(done < 8);
  const TrainSummary summary = Train(request, study.data(), factory, {});
  CHECK(summary.plan.states[RunState::kDone] == 8);
  CHECK(summary.finished_here == 8 - done);
  CHECK(study.Query("SELECT count(*) FROM attempts WHERE outcome = 'done'") == 8);
  CHECK(study.Query("SELECT count(*) FROM (SELECT run_id FROM attempts WHERE outcome = 'done'"
                    " GROUP BY run_id)") == 8);
}

TEST_CASE("SIGINT makes workers give their runs back at the next step") {
  const Study study(6);
  const std::string log = study.File("log");
  const TrainerFactory factory =
      FakeTrainerFactory([log](const TrainingJob& job, const TrainingHooks& hooks) {
        AppendLine(log, "started");
        return TrainQuietly(job, hooks, 600'000);
      });
  TrainRequest request = study.Request();
  request.workers = 2;
  const int pid = StartTrain(request, study.data(), factory);
  REQUIRE(Eventually([&] { return CountLines(log) == 2; }));
  kill(pid, SIGINT);  // the parent alone: it passes the signal on
  CHECK(WaitFor(pid) == 130);
  CHECK(study.Query("SELECT count(*) FROM runs WHERE state = 'pending'") == 6);
  CHECK(study.Query("SELECT count(*) FROM attempts WHERE outcome = 'released'") == 2);
}

TEST_CASE("workers give their runs back when their parent is killed") {
  const Study study(2);
  const std::string log = study.File("log");
  const TrainerFactory factory =
      FakeTrainerFactory([log](const TrainingJob& job, const TrainingHooks& hooks) {
        AppendLine(log, "started");
        return TrainQuietly(job, hooks, 600'000);
      });
  const int pid = StartTrain(study.Request(), study.data(), factory);
  REQUIRE(Eventually([&] { return CountLines(log) == 1; }));
  kill(pid, SIGKILL);
  CHECK(WaitFor(pid) == 128 + SIGKILL);
  CHECK(Eventually([&] {
    return study.Query("SELECT count(*) FROM attempts WHERE outcome = 'released'") == 1;
  }));
}

TEST_CASE("a second SIGINT kills workers that do not stop") {
  const Study study(1);
  const std::string log = study.File("log");
  const TrainerFactory factory =
      FakeTrainerFactory([log](const TrainingJob&, const TrainingHooks& hooks) -> TrainingResult {
        AppendLine(log, "started");
        while (!hooks.should_stop()) usleep(1000);
        AppendLine(log, "deaf");
        while (true) pause();
      });
  const int pid = StartTrain(study.Request(), study.data(), factory);
  REQUIRE(Eventually([&] { return CountLines(log) == 1; }));
  kill(pid, SIGINT);
  REQUIRE(Eventually([&] { return CountLines(log) == 2; }));
  kill(pid, SIGINT);
  CHECK(WaitFor(pid) == 130);
  CHECK(study.Query("SELECT count(*) FROM attempts WHERE outcome = 'lost'") == 1);
}

TEST_CASE("two calls on one file share the work") {
  const Study study(10);
  const std::string log = study.File("log");
  const TrainerFactory factory =
      FakeTrainerFactory([log](const TrainingJob& job, const TrainingHooks& hooks) {
        AppendLine(log, "trained");
        // Both calls have a run before either finishes one.
        Eventually([&] { return CountLines(log) >= 2; });
        return TrainQuietly(job, hooks, 20);
      });
  const int first = StartTrain(study.Request(), study.data(), factory);
  const int second = StartTrain(study.Request(), study.data(), factory);
  CHECK(WaitFor(first) == 0);
  CHECK(WaitFor(second) == 0);
  CHECK(study.Query("SELECT count(*) FROM runs WHERE state = 'done'") == 10);
  CHECK(study.Query("SELECT count(*) FROM attempts") == 10);
  CHECK(study.Query("SELECT count(DISTINCT owner) FROM attempts") == 2);
  CHECK(CountLines(log) == 10);
}

TEST_CASE("a run taken away while it trains is stopped and its late result is dropped") {
  const Study study(1);
  const std::string log = study.File("log");
  const TrainerFactory factory =
      FakeTrainerFactory([log](const TrainingJob& job, const TrainingHooks& hooks) {
        AppendLine(log, "started");
        return TrainQuietly(job, hooks, CountLines(log) == 1 ? 600'000 : 0);
      });
  TrainRequest request = study.Request();
  request.lease_seconds = 0.4;
  const int pid = StartTrain(request, study.data(), factory);
  REQUIRE(Eventually([&] { return CountLines(log) == 1; }));
  // As if this process, seeing a dead lease, had given the run back.
  study.Query("UPDATE runs SET state = 'pending', owner = NULL, lease_expires = NULL RETURNING id");
  CHECK(WaitFor(pid) == 0);
  CHECK(CountLines(log) == 2);
  CHECK(study.Query("SELECT count(*) FROM runs WHERE state = 'done' AND attempt = 2") == 1);
}

TEST_CASE("the heartbeat keeps a run longer than its first lease") {
  const Study study(1);
  TrainRequest request = study.Request();
  request.lease_seconds = 4;
  const std::string log = study.File("log"), checked = study.File("checked");
  const int pid = StartTrain(
      request, study.data(),
      FakeTrainerFactory([log, checked](const TrainingJob& job, const TrainingHooks& hooks) {
        AppendLine(log, "started");
        Eventually([&] { return CountLines(checked) == 1; });
        return TrainQuietly(job, hooks);
      }));
  REQUIRE(Eventually([&] { return CountLines(log) == 1; }));
  const int64_t first_end = study.Query("SELECT CAST(lease_expires AS INTEGER) + 1 FROM runs");
  // A lease that ends so late was given when the first had run out.
  const std::string renewed =
      "SELECT lease_expires >= " + std::to_string(first_end + 4) + " FROM runs";
  REQUIRE(Eventually([&] { return study.Query(renewed) == 1; }));
  Database db = Database::Open(study.db_path(), OpenMode::kReadWrite);
  const std::vector<int64_t> ids{study.Query("SELECT id FROM runs")};
  CHECK(ReclaimLost(db, ids) == 0);
  AppendLine(checked, "checked");
  CHECK(WaitFor(pid) == 0);
  CHECK(study.Query("SELECT count(*) FROM attempts") == 1);
}

}  // namespace dse::train_test
