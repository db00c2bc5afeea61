// Whose fault a failure is, and what becomes of the run and of the worker.

#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <new>
#include <sstream>
#include <stdexcept>

#include "core/durable_file.h"
#include "core/error.h"
#include "db/claims.h"
#include "db/run_changes.h"
#include "db/run_list.h"
#include "runner/work/failure_row.h"
#include "runner/work/run_files.h"
#include "runner/work/train.h"
#include "tests/runner/work/study.h"

namespace dse::failure_test {
namespace {

namespace fs = std::filesystem;

TrainingResult Quietly(const TrainingJob& job, const TrainingHooks& hooks) {
  return TrainQuietly(job, hooks);
}

// True for the first process that asks.
bool IsFirst(const std::string& path) { return fs::create_directory(path); }

// Fails with `failure` at the first training, whoever does it.
template <typename Failure>
TrainerFactory FailingOnce(const Study& study, const Failure& failure) {
  return FakeTrainerFactory(
      [failure, token = study.File("failed")](const TrainingJob& job, const TrainingHooks& hooks) {
        if (IsFirst(token)) throw failure;
        return TrainQuietly(job, hooks);
      });
}

TrainerFactory AlwaysFailing(const std::string& sentence) {
  return FakeTrainerFactory(
      [sentence](const TrainingJob& job, const TrainingHooks&) -> TrainingResult {
        throw std::runtime_error(sentence + " at block " + std::to_string(PlaceOf(job.model)));
      });
}

std::string Slurp(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("a failure of the worker gives its run back and a successor gets on") {
  const Study study(3);
  const TrainSummary summary =
      Train(study.Request(), study.data(),
            FailingOnce(study, Error("the device is lost", Fault::kWorker)), {});
  CHECK(summary.plan.states[RunState::kDone] == 3);
  CHECK(study.Query("SELECT sum(failures) + sum(losses) FROM runs") == 0);
  CHECK(study.QueryText("SELECT message FROM attempts WHERE outcome = 'released'") ==
        "the device is lost");
  CHECK(summary.workers.ended_early.count == 0);
  CHECK(summary.workers.Text() == "1 worker was replaced: the device is lost");
  // The run that it happened to was tried again last.
  CHECK(study.QueryText("SELECT group_concat(run_id) FROM (SELECT run_id FROM attempts"
                        " WHERE outcome = 'done' ORDER BY started_at)") == "2,3,1");
}

TEST_CASE("a failure of the machine gives the run back and ends the worker") {
  const Study study(3);
  const TrainSummary summary =
      Train(study.Request(), study.data(),
            FailingOnce(study, Error("the disk is full", Fault::kMachine)), {});
  CHECK(summary.plan.states[RunState::kPending] == 3);
  CHECK(study.Query("SELECT sum(failures) + sum(losses) FROM runs") == 0);
  CHECK(summary.workers.Text() == "1 of 1 workers ended early: the disk is full");
  CHECK(summary.left_undone);
  const TrainSummary again = Train(study.Request(), study.data(), FakeTrainerFactory(Quietly), {});
  CHECK(again.plan.states[RunState::kDone] == 3);
  CHECK(again.workers.Text().empty());
}

TEST_CASE("the end of the host's memory is the machine's fault") {
  const Study study(2);
  const TrainSummary summary =
      Train(study.Request(), study.data(), FailingOnce(study, std::bad_alloc()), {});
  CHECK(summary.plan.states[RunState::kPending] == 2);
  CHECK_THAT(summary.workers.ended_early.reason, Catch::Contains("memory"));
}

TEST_CASE("a checkpoint that cannot be written ends the worker, not the run") {
  const Study study(2);
  const TrainSummary summary =
      Train(study.Request(), study.data(),
            FakeTrainerFactory([](const TrainingJob& job, const TrainingHooks& hooks) {
              const fs::path folder = fs::path(job.files.checkpoint).parent_path();
              fs::remove_all(folder);
              std::ofstream(folder) << "no folder";
              PendingFile(job.files.checkpoint).Append("state");
              return TrainQuietly(job, hooks);
            }),
            {});
  CHECK(summary.plan.states[RunState::kPending] == 2);
  CHECK(study.Query("SELECT sum(failures) FROM runs") == 0);
  CHECK_THAT(summary.workers.ended_early.reason, Catch::Contains("checkpoints"));
}

TEST_CASE("what fails every run with one sentence is not taken for the runs' fault") {
  const Study study(12);
  TrainRequest request = study.Request();
  request.retries = 0;
  const TrainSummary summary =
      Train(request, study.data(), AlwaysFailing("CUDA error: unspecified launch failure"), {});
  CHECK(summary.plan.states[RunState::kPending] == 12);
  CHECK(study.Query("SELECT sum(failures) FROM runs") == 0);
  // Three by the worker; its successor needs no further proof.
  CHECK(study.Query("SELECT count(*) FROM attempts") == 4);
  CHECK(study.Query("SELECT count(*) FROM attempts WHERE outcome = 'released'"
                    " AND message LIKE 'CUDA error%'") == 4);
  CHECK(summary.workers.ended_early.count == 1);
  CHECK(summary.left_undone);
}

TEST_CASE("runs that fail for all workers at once are given back too") {
  const Study study(3);
  TrainRequest request = study.Request();
  request.workers = 3;
  request.retries = 0;
  const std::string log = study.File("log");
  const TrainSummary summary =
      Train(request, study.data(),
            FakeTrainerFactory([log](const TrainingJob&, const TrainingHooks&) -> TrainingResult {
              AppendLine(log, "started");
              Eventually([&] { return CountLines(log) >= 3; });
              throw Error("the module is broken");
            }),
            {});
  CHECK(summary.plan.states[RunState::kPending] == 3);
  CHECK(study.Query("SELECT sum(failures) FROM runs") == 0);
  CHECK(summary.left_undone);
}

TEST_CASE("runs that fail with one sentence between others that are done have failed themselves") {
  const Study study(6);
  TrainRequest request = study.Request();
  request.retries = 0;
  const TrainSummary summary =
      Train(request, study.data(),
            FakeTrainerFactory([](const TrainingJob& job, const TrainingHooks& hooks) {
              if (PlaceOf(job.model) % 2 == 0) throw Error("an odd depth");
              return TrainQuietly(job, hooks);
            }),
            {});
  CHECK(summary.plan.states[RunState::kFailed] == 3);
  CHECK(summary.plan.states[RunState::kDone] == 3);
  CHECK(summary.workers.Text().empty());
}

TEST_CASE("a network that breaks every device keeps no other network waiting") {
  const Study study(4);
  const TrainSummary summary =
      Train(study.Request(), study.data(),
            FakeTrainerFactory([](const TrainingJob& job, const TrainingHooks& hooks) {
              if (PlaceOf(job.model) == 0) throw Error("an illegal memory access", Fault::kWorker);
              return TrainQuietly(job, hooks);
            }),
            {});
  CHECK(summary.plan.states[RunState::kDone] == 3);
  CHECK(summary.plan.states[RunState::kPending] == 1);
  CHECK(summary.workers.ended_early.count == 1);
  CHECK(summary.left_undone);
}

// A training that goes on from a checkpoint repeats the reports of the epochs before.
TEST_CASE("epochs that are only repeated are no progress of a worker that fails after them") {
  const Study study(1);
  const TrainSummary summary = Train(
      study.Request(), study.data(),
      FakeTrainerFactory([](const TrainingJob&, const TrainingHooks& hooks) -> TrainingResult {
        hooks.on_epoch({1, 0.1, 1, 50, 1, 50, 0.1});
        throw Error("the device is lost", Fault::kWorker);
      }),
      {});
  CHECK(study.Query("SELECT count(*) FROM attempts") == 2);
  CHECK(summary.workers.ended_early.count == 1);
}

TEST_CASE("failed runs are tried again after all others") {
  const Study study(4);
  const std::string log = study.File("log");
  Train(study.Request(), study.data(),
        FakeTrainerFactory([log](const TrainingJob& job, const TrainingHooks& hooks) {
          const int place = PlaceOf(job.model);
          AppendLine(log, std::to_string(place));
          if (place == 1 && CountLines(log) == 2) throw Error("bad luck");
          return TrainQuietly(job, hooks);
        }),
        {});
  CHECK(Slurp(log) == "0\n1\n2\n3\n1\n");
}

TEST_CASE("a worker that cannot make its trainer is replaced once and told of") {
  const Study study(4);
  TrainRequest request = study.Request();
  request.workers = 2;
  const std::string log = study.File("log");
  const TrainerFactory good =
      FakeTrainerFactory([log](const TrainingJob& job, const TrainingHooks& hooks) {
        Eventually([&] { return CountLines(log) == 2; });
        return TrainQuietly(job, hooks);
      });
  const std::string check = study.File("check"), worker = study.File("worker");
  const TrainSummary summary = Train(request, study.data(),
                                     [&](const TrainerOptions& options) {
                                       if (IsFirst(check) || IsFirst(worker)) return good(options);
                                       AppendLine(log, "failed");
                                       throw Error("no module");
                                     },
                                     {});
  CHECK(summary.plan.states[RunState::kDone] == 4);
  CHECK(summary.workers.ended_early.count == 1);
  CHECK(summary.workers.replaced.count == 1);
  CHECK(summary.workers.Text() ==
        "1 of 2 workers ended early: no module (as did 1 before, replaced)");
  CHECK_FALSE(summary.left_undone);
}

TEST_CASE("an exception out of the progress report lets the workers finish and is told then") {
  const Study study(4);
  CHECK_THROWS_WITH(Train(study.Request(), study.data(), FakeTrainerFactory(Quietly),
                          [](const TrainProgress&) { throw Error("the terminal is gone"); }),
                    "the terminal is gone");
  CHECK(study.Query("SELECT count(*) FROM runs WHERE state = 'done'") == 4);
}

TEST_CASE("weights that cannot be kept cost no result") {
  const Study study(1);
  TrainRequest request = study.Request();
  request.keep_weights = true;
  const std::string folder = study.db_path() + ".d";
  const TrainSummary summary =
      Train(request, study.data(),
            FakeTrainerFactory([folder](const TrainingJob& job, const TrainingHooks& hooks) {
              std::ofstream(job.files.weights) << "weights";
              const std::string own = job.files.weights;
              // A folder that is not empty is in the way.
              fs::create_directories(own.substr(0, own.find(".attempt-")) + "/something");
              return TrainQuietly(job, hooks);
            }),
            {});
  CHECK(summary.plan.states[RunState::kDone] == 1);
  CHECK(study.Query("SELECT failures FROM runs") == 0);
  CHECK(fs::is_directory(WeightsPath(folder, study.QueryText("SELECT key FROM runs"))));
}

TEST_CASE("weights of an earlier result do not stay under one that keeps none") {
  const Study study(1);
  TrainRequest request = study.Request();
  request.keep_weights = true;
  const TrainerFactory factory =
      FakeTrainerFactory([](const TrainingJob& job, const TrainingHooks& hooks) {
        if (!job.files.weights.empty()) std::ofstream(job.files.weights) << "weights";
        return TrainQuietly(job, hooks);
      });
  Train(request, study.data(), factory, {});
  const std::string weights =
      WeightsPath(study.db_path() + ".d", study.QueryText("SELECT key FROM runs"));
  REQUIRE(Slurp(weights) == "weights");
  {
    Database db = Database::Open(study.db_path(), OpenMode::kReadWrite);
    RunFilter done;
    done.states = {RunState::kDone};
    REQUIRE(RetryRuns(db, done).retried.total() == 1);
  }
  CHECK(fs::exists(weights));
  request.keep_weights = false;
  CHECK(Train(request, study.data(), factory, {}).finished_here == 1);
  CHECK_FALSE(fs::exists(weights));
}

TEST_CASE("an owner that slept while another did its run changes none of the other's files") {
  const Study study(1);
  const std::string log = study.File("log");
  const TrainerFactory factory =
      FakeTrainerFactory([log](const TrainingJob& job, const TrainingHooks& hooks) {
        AppendLine(log, std::to_string(getpid()));
        const bool first = CountLines(log) == 1;
        if (first) raise(SIGSTOP);
        const std::string who = first ? "first" : "second";
        const bool put = hooks.publish([&] { std::ofstream(job.files.checkpoint) << who; });
        if (first) AppendLine(log, put ? "put in place" : "refused");
        std::ofstream(job.files.weights) << who;
        TrainingResult result = TrainQuietly(job, hooks);
        // As if it had been told to stop too late.
        if (first) result.outcome = TrainingOutcome::kDone;
        // The second keeps the run until the first is awake.
        if (!first) Eventually([&] { return Slurp(log).find("refused") != std::string::npos; });
        return result;
      });
  TrainRequest request = study.Request();
  request.keep_weights = true;
  const std::string folder = study.db_path() + ".d";
  // No heartbeat is under way, and has the file locked, when its process stops.
  request.lease_seconds = 600;
  const int first = StartTrain(request, study.data(), factory);
  REQUIRE(Eventually([&] { return CountLines(log) == 1; }));
  const int sleeper = std::stoi(Slurp(log));
  const std::string key = study.QueryText("SELECT key FROM runs");
  // As if the lease of the sleeper had run out; whoever asks then takes its run.
  study.Query("UPDATE runs SET lease_expires = strftime('%s', 'now') - 1 RETURNING id");
  const int second = StartTrain(request, study.data(), factory);
  REQUIRE(Eventually([&] { return Slurp(CheckpointPath(folder, key)) == "second"; }));
  kill(sleeper, SIGCONT);
  REQUIRE(Eventually([&] { return Slurp(log).find("refused") != std::string::npos; }));
  CHECK(WaitFor(second) == 0);
  CHECK(WaitFor(first) == 0);
  CHECK(study.Query("SELECT count(*) FROM runs WHERE state = 'done' AND attempt = 2") == 1);
  CHECK(Slurp(WeightsPath(folder, key)) == "second");
  CHECK_FALSE(fs::exists(AttemptWeightsPath(folder, key, 1)));
  CHECK(fs::is_empty(folder + "/checkpoints"));
}

TEST_CASE("a row is of different runs and one sentence, whatever its numbers") {
  SharedCounts counts(2);
  const auto note = [&](int worker, int64_t run, const std::string& sentence) {
    ClaimedRun claimed;
    claimed.run_id = run;
    claimed.attempt = 10 * run;
    return NoteFailure(counts, counts.slot(worker), claimed, sentence).size();
  };
  CHECK(note(0, 1, "0x7f12 is not aligned in 1a2b3c4d5e6f7081") == 0);
  CHECK(note(0, 1, "0x7f13 is not aligned in 1a2b3c4d5e6f7081") == 0);  // the same run again
  CHECK(note(0, 2, "0x7f14 is not aligned in 99aabbccddee0011") == 0);
  CHECK(note(0, 3, "another sentence") == 0);
  CHECK(note(0, 4, "0x7f15 is not aligned in 0123456789abcdef") == 0);
  CHECK(note(0, 5, "0x7f15 is not aligned in 0123456789abcdef") == 0);
  CHECK(note(1, 6, "0x7f16 is not aligned in 0123456789abcdef") == 3);  // of two workers
  CHECK(note(0, 7, "0x7f17 is not aligned in 0123456789abcdef") == 4);
  ClearFailures(counts.slot(0));
  CHECK(note(1, 8, "0x7f18 is not aligned in 0123456789abcdef") == 0);
}

}  // namespace dse::failure_test
