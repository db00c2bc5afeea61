#include "runner/work/device_turns.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "core/error.h"
#include "tests/runner/work/study.h"

namespace dse::device_turns_test {
namespace {

const std::function<bool()> kNeverGiveUp = [] { return false; };
const std::function<bool()> kGiveUpAtOnce = [] { return true; };

pid_t Start(const std::function<void()>& action) {
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    action();
    _exit(0);
  }
  return child;
}

void End(pid_t child, int signal) {
  kill(child, signal);
  waitpid(child, nullptr, 0);
}

// A process that took its turn with `take` and keeps it until it is killed.
class Holder {
 public:
  Holder(const Study& study, const std::function<void()>& take)
      : child_(Start([&, file = study.File("taken")] {
          take();
          AppendLine(file, "taken");
          pause();
        })) {
    REQUIRE(Eventually([&] { return CountLines(study.File("taken")) == 1; }));
    unlink(study.File("taken").c_str());
  }
  ~Holder() { End(child_, SIGKILL); }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

 private:
  pid_t child_;
};

}  // namespace

TEST_CASE("turns beside others are taken side by side, one alone waits for all to end") {
  const Study files(1);
  const DeviceTurns turns;
  {
    const Holder neighbour(files, [&] { turns.Share(0, kNeverGiveUp); });
    CHECK(turns.Share(0, kGiveUpAtOnce));
    CHECK_FALSE(turns.TakeAlone(0, kGiveUpAtOnce));
    CHECK(turns.TakeAlone(1, kGiveUpAtOnce));  // another device
  }
  // Its process was killed, and what it had is free.
  CHECK(turns.TakeAlone(0, kNeverGiveUp));
}

TEST_CASE("nobody begins beside one that has the device alone") {
  const Study files(1);
  const DeviceTurns turns;
  const Holder alone(files, [&] { turns.TakeAlone(0, kNeverGiveUp); });
  CHECK_FALSE(turns.Share(0, kGiveUpAtOnce));
  CHECK_FALSE(turns.TakeAlone(0, kGiveUpAtOnce));
  CHECK(turns.Share(1, kGiveUpAtOnce));
}

TEST_CASE("one that waits for the device alone is passed by nobody") {
  const Study files(1);
  const DeviceTurns turns;
  REQUIRE(turns.Share(0, kNeverGiveUp));
  const std::string got = files.File("got");
  const std::string waits = files.File("waits");
  const pid_t patient = Start([&] {
    bool said = false;
    turns.TakeAlone(0, [&] {
      if (!said) AppendLine(waits, "waits");
      said = true;
      return false;
    });
    AppendLine(got, "alone");
    pause();
  });
  REQUIRE(Eventually([&] { return CountLines(waits) == 1; }));
  const pid_t late = Start([&] {
    _exit(turns.Share(0, kGiveUpAtOnce) ? 1 : 0);  // this process has its turn still
  });
  int status = -1;
  waitpid(late, &status, 0);
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(CountLines(got) == 0);
  turns.Leave(0);
  CHECK(Eventually([&] { return CountLines(got) == 1; }));
  End(patient, SIGKILL);
}

namespace {

constexpr const char* kRunning = "SELECT count(*) FROM runs WHERE state = 'running'";

TrainingResult OutOfMemory(const std::string& message) {
  TrainingResult result;
  result.outcome = TrainingOutcome::kOutOfMemory;
  result.message = message;
  return result;
}

// The first network of the population needs the whole device: its first training fails beside
// another, which lasts that long. Each later one notes how many runs are trained then and, unless
// `enough_alone`, fails too.
TrainerFactory LargeFirst(const Study& study, bool enough_alone) {
  return FakeTrainerFactory([&study, enough_alone, failed = study.File("failed")](
                                const TrainingJob& job, const TrainingHooks& hooks) {
    if (PlaceOf(job.model) != 0) {
      Eventually([&] { return CountLines(failed) > 0; });
      return TrainQuietly(job, hooks);
    }
    if (CountLines(failed) == 0) {
      Eventually([&] { return study.Query(kRunning) > 1; });
      AppendLine(failed, "beside");
      return OutOfMemory("no memory beside others");
    }
    AppendLine(study.File("trained"), std::to_string(study.Query(kRunning)));
    if (!enough_alone) return OutOfMemory("no memory alone");
    const TrainingResult result = TrainQuietly(job, hooks, /*milliseconds=*/20);
    AppendLine(study.File("trained"), std::to_string(study.Query(kRunning)));
    return result;
  });
}

std::string Lines(const std::string& path) {
  std::ifstream in(path);
  std::string all;
  for (std::string line; std::getline(in, line);) all += line + ";";
  return all;
}

// Of this process.
std::string VisibleDevices() {
  const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
  return visible == nullptr ? "not set" : visible;
}

TrainRequest ThreeWorkers(const Study& study) {
  TrainRequest request = study.Request();
  request.workers = 3;
  return request;
}

}  // namespace

TEST_CASE("a run that finds its memory taken by neighbours is tried again alone and is done") {
  const Study study(8);
  const TrainSummary summary =
      Train(ThreeWorkers(study), study.data(), LargeFirst(study, true), {});
  CHECK(summary.plan.states[RunState::kDone] == 8);
  CHECK(summary.finished_here == 8);
  CHECK(study.QueryText("SELECT group_concat(message) FROM attempts WHERE outcome <> 'done'") ==
        std::string(kOutOfMemoryBeside) + "no memory beside others");
  CHECK(Lines(study.File("trained")) == "1;1;");
  // After the others: all but those that were claimed while it was given back had been begun.
  CHECK(study.Query("SELECT attempt FROM runs WHERE id = 1") == 2);
}

TEST_CASE("out of memory alone is final, and counts against a limit of runs once") {
  const Study study(3);
  TrainRequest request = ThreeWorkers(study);
  request.limit = 3;
  const TrainSummary summary = Train(request, study.data(), LargeFirst(study, false), {});
  CHECK(summary.plan.states[RunState::kDone] == 2);
  CHECK(summary.plan.states[RunState::kOutOfMemory] == 1);
  CHECK(study.QueryText("SELECT message FROM runs WHERE state = 'out_of_memory'") ==
        "no memory alone");
  CHECK(study.Query("SELECT count(*) FROM attempts") == 4);
  CHECK(Lines(study.File("trained")) == "1;");
}

TEST_CASE("workers that share no GPU do not wait for each other") {
  const Study study(2);
  TrainRequest request = study.Request();
  request.workers = 2;
  request.list_gpus = [] {
    return std::vector<GpuIdentity>{{0, "NVIDIA H200", "GPU-a"}, {1, "NVIDIA H200", "GPU-b"}};
  };
  const TrainSummary summary =
      Train(request, study.data(), FakeTrainerFactory([](const TrainingJob&, const TrainingHooks&) {
              return OutOfMemory("too large");
            }),
            {});
  CHECK(summary.plan.states[RunState::kOutOfMemory] == 2);
  CHECK(study.Query("SELECT count(*) FROM attempts") == 2);
}

TEST_CASE("every worker's process sees its own GPU before its trainer is made") {
  const Study study(4);
  TrainRequest request = study.Request();
  request.workers = kAutoWorkers;
  request.workers_per_gpu = 2;
  request.list_gpus = [log = study.File("listed")] {
    AppendLine(log, std::to_string(getpid()));
    return std::vector<GpuIdentity>{{0, "NVIDIA H200", "GPU-a"}, {1, "NVIDIA H200", "GPU-b"}};
  };
  const TrainerFactory quiet = FakeTrainerFactory(
      [](const TrainingJob& job, const TrainingHooks& hooks) { return TrainQuietly(job, hooks); });
  const std::string made = study.File("made");
  const std::string before = VisibleDevices();
  const TrainerFactory factory = [&](const TrainerOptions& options) {
    AppendLine(made, VisibleDevices());
    return quiet(options);
  };
  std::string placement;
  const TrainSummary summary =
      Train(request, study.data(), factory,
            [&](const TrainProgress& progress) { placement = progress.placement; });
  CHECK(summary.plan.states[RunState::kDone] == 4);
  CHECK_THAT(placement, Catch::StartsWith("4 workers on 2 GPUs, 2 on each"));
  // The check of the trainer saw all; the parent was not asked.
  std::vector<std::string> seen;
  std::ifstream in(made);
  for (std::string line; std::getline(in, line);) seen.push_back(line);
  std::vector<std::string> expected = {"GPU-a", "GPU-a", "GPU-b", "GPU-b", before};
  std::ranges::sort(seen);
  std::ranges::sort(expected);
  CHECK(seen == expected);
  CHECK(Lines(study.File("listed")) != std::to_string(getpid()) + ";");
  CHECK(VisibleDevices() == before);
}

TEST_CASE("a failure to list the GPUs ends the call before a run is planned") {
  const Study study(1);
  TrainRequest request = study.Request();
  request.workers = 2;
  request.list_gpus = []() -> std::vector<GpuIdentity> { throw Error("GPU 0 does not answer"); };
  CHECK_THROWS_WITH(
      Train(request, study.data(),
            FakeTrainerFactory([](const TrainingJob& job, const TrainingHooks& hooks) {
              return TrainQuietly(job, hooks);
            }),
            {}),
      "GPU 0 does not answer");
  CHECK(study.Query("SELECT count(*) FROM runs") == 0);
}

}  // namespace dse::device_turns_test
