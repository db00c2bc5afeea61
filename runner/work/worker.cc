#include "runner/work/worker.h"

#include <cmath>
#include <cstdio>
#include <ctime>
#include <exception>
#include <filesystem>
#include <memory>
#include <new>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>
#include <utility>

#include "core/durable_file.h"
#include "core/error.h"
#include "core/json.h"
#include "core/printable.h"
#include "db/claims.h"
#include "db/database.h"
#include "db/epochs.h"
#include "db/finishing.h"
#include "db/giving_back.h"
#include "db/owner.h"
#include "runner/work/ended_jobs.h"
#include "runner/work/failure_row.h"
#include "runner/work/heartbeat.h"
#include "runner/work/run_files.h"
#include "runner/work/stop_signals.h"
#include "runner/work/time_left.h"

namespace dse {
namespace {

std::optional<double> Finite(double value) {
  return std::isfinite(value) ? std::optional<double>(value) : std::nullopt;
}

RunState StateOf(TrainingOutcome outcome) {
  switch (outcome) {
    case TrainingOutcome::kDone:
      return RunState::kDone;
    case TrainingOutcome::kDiverged:
      return RunState::kDiverged;
    case TrainingOutcome::kOutOfMemory:
      return RunState::kOutOfMemory;
    case TrainingOutcome::kInterrupted:
      break;
  }
  throw Error("internal: an interrupted training has no result");
}

FinishedRun MakeFinished(const TrainingResult& result) {
  FinishedRun finished;
  finished.state = StateOf(result.outcome);
  if (finished.state == RunState::kDone) {
    finished.error = result.error;
    finished.best_error = result.best_error;
  }
  finished.micro_batch = result.micro_batch;
  finished.seconds = result.seconds;
  if (result.img_per_s > 0) finished.img_per_s = Finite(result.img_per_s);
  finished.message = result.message;
  finished.engine = result.engine;
  finished.precision = result.precision;
  return finished;
}

// What came of a training: a result, or a failure and whose it is, or neither if it was
// interrupted.
struct Outcome {
  std::optional<FinishedRun> result;
  std::optional<Error> failure;
  std::string engine;  // what trained
};

// A file that is gone when this is.
class RemovedAtEnd {
 public:
  explicit RemovedAtEnd(std::string path) : path_(std::move(path)) {}
  ~RemovedAtEnd() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove(path_, ignored);
  }
  RemovedAtEnd(const RemovedAtEnd&) = delete;
  RemovedAtEnd& operator=(const RemovedAtEnd&) = delete;

 private:
  std::string path_;
};

// A failure as Error. What runs out of the host's memory is the machine's fault; what a library
// throws is taken for the run's.
Error ToError(const std::exception& failure) {
  if (const auto* error = dynamic_cast<const Error*>(&failure)) return *error;
  if (dynamic_cast<const std::bad_alloc*>(&failure) != nullptr) {
    return Error("the memory of this machine is used up", Fault::kMachine);
  }
  return Error(failure.what());
}

// One of several processes that wait for the same lock tells it, and again only after a minute.
void TellOnce(SharedCounts& counts, LockWait& wait) {
  constexpr int64_t kPause = 60;
  wait.notice = [&counts, tell = std::move(wait.notice)](const std::string& text) {
    const int64_t now = std::time(nullptr);
    int64_t last = counts.lock_told();
    if (now - last < kPause || !counts.lock_told().compare_exchange_strong(last, now)) return;
    if (tell) tell(text);
  };
}

// A trainer that cannot be made, although one was made before the first worker began, is the
// worker's fault.
std::unique_ptr<Trainer> MakeWorkersTrainer(const WorkerJob& job) {
  try {
    return job.factory(job.request.trainer);
  } catch (const std::exception& failure) {
    const Error error = ToError(failure);
    if (error.fault() == Fault::kMachine) throw error;
    throw Error(error.what(), Fault::kWorker);
  }
}

// One worker at work. A failure that ends it is thrown as Error with its fault.
class Worker {
 public:
  Worker(const WorkerJob& job, SharedCounts& counts, WorkerSlot& slot)
      : job_(job),
        counts_(counts),
        slot_(slot),
        turns_(job.turns, job.placement.devices, static_cast<int>(&slot - counts.slots().data())),
        trainer_(MakeWorkersTrainer(job)),
        owner_(Owner::ThisProcess()),
        time_left_(job.request.job),
        db_(Database::Open(job.request.db_path, OpenMode::kReadWrite)) {
    SharedCounts::SetDevice(slot, trainer_->device().Name());
  }

  WorkerExit Work() {
    const auto is_over = [this] { return StopSignals::count() > 0 || TimeIsUp(); };
    while (!is_over() && turns_.Share(is_over) && TakeTicket()) {
      const std::optional<ClaimedRun> run = Claim();
      if (!run) {
        --counts_.claimed();
        break;
      }
      slot_.holding = true;
      if (!time_left_.Fits(db_, *run)) {
        LeaveForLater(*run);
        break;
      }
      TrainRun(*run);
      slot_.holding = false;
      if (turns_.shared()) trainer_->FreeMemory();
      turns_.Leave();
    }
    return StopSignals::count() > 0 ? WorkerExit::kInterrupted : WorkerExit::kDone;
  }

 private:
  bool TimeIsUp() const {
    return job_.request.time_limit && SecondsSince(job_.start) >= *job_.request.time_limit;
  }

  // A run that does not fit into the time of our job any more.
  void LeaveForLater(const ClaimedRun& run) {
    ReleaseRun(db_, run);
    slot_.holding = false;
    --counts_.claimed();
    counts_.out_of_time() = true;
  }

  // False when the call's limit of runs is used up.
  bool TakeTicket() {
    const int64_t before = counts_.claimed().fetch_add(1);
    if (!job_.request.limit || before < *job_.request.limit) return true;
    --counts_.claimed();
    return false;
  }

  // Where nothing is left to claim, runs of processes that died meanwhile (also those of other
  // calls) are given back and tried.
  std::optional<ClaimedRun> Claim() {
    ClaimRequest request;
    request.run_ids = job_.run_ids;
    request.retries = job_.request.retries;
    request.lease_seconds = job_.request.lease_seconds;
    request.host = owner_.host();
    request.device = trainer_->device().Name();
    request.data_uri = job_.data.info().uri;
    request.fingerprint = job_.data.info().fingerprint;
    return ClaimOrReclaim(db_, owner_, request, EndedInTheirJobs);
  }

  void TrainRun(const ClaimedRun& run) {
    const TrainingFiles files = FilesOf(run);
    const RemovedAtEnd attempts_own(files.weights);  // unless they are put in place
    const Outcome outcome = TryTrain(run);
    if (outcome.result && outcome.result->state == RunState::kOutOfMemory &&
        turns_.beside_others()) {
      // A neighbour's memory is not the run's fault.
      ReleaseRun(db_, run, kOutOfMemoryBeside + outcome.result->message);
      --counts_.claimed();
    } else if (outcome.result) {
      Finish(run, *outcome.result, files);
    } else if (!outcome.failure) {
      ReleaseRun(db_, run);  // changes nothing where the run was lost
    } else if (outcome.failure->fault() == Fault::kTask) {
      Fail(run, outcome.failure->what(), outcome.engine);
    } else {
      GiveBack(run, *outcome.failure);
    }
  }

  // Waits for a locked database; the result is written if the run is still ours then.
  void Finish(const ClaimedRun& run, const FinishedRun& result, const TrainingFiles& files) {
    if (!FinishRun(db_, run, result, [&] { PutWeightsInPlace(run, files); })) return;
    ++counts_.finished();
    ++slot_.progress;
    ClearFailures(slot_);
    RemoveCheckpoint(files.checkpoint);
    if (run.attempt > 1) RemoveAttemptWeights(job_.request.work_dir, run.key);
  }

  // Called with the run ours. A result is worth more than its weights. Those of an earlier attempt
  // are not this one's, so they do not stay where this one has none.
  void PutWeightsInPlace(const ClaimedRun& run, const TrainingFiles& files) const {
    std::error_code failure;
    const std::string path = WeightsPath(job_.request.work_dir, run.key);
    if (!files.weights.empty() && std::filesystem::exists(files.weights, failure)) {
      try {
        RenameDurably(files.weights, path);
        return;
      } catch (const Error& error) {
        const bool renamed = !std::filesystem::exists(files.weights, failure);
        Warn(run, std::string(renamed ? "its weights may not outlast a loss of power: "
                                      : "its weights are not kept: ") +
                      error.what());
        if (renamed) return;
      }
    }
    if (std::filesystem::remove(path, failure)) {
      Warn(run, "the weights of its earlier result are removed: " + path);
    }
  }

  // The same failure of several runs is none of theirs.
  void Fail(const ClaimedRun& run, const std::string& message, const std::string& engine) {
    FinishedRun failed;
    failed.state = RunState::kFailed;
    failed.message = message;
    failed.engine = engine;
    if (!FinishRun(db_, run, failed)) return;
    slot_.holding = false;
    const std::vector<FailedAttempt> row = NoteFailure(counts_, slot_, run, message);
    if (row.empty()) return;
    counts_.claimed() -= TakeBackFailures(db_, row);
    throw Error(message, Fault::kWorker);
  }

  // The run is still held if this throws, and the parent sees to it.
  [[noreturn]] void GiveBack(const ClaimedRun& run, const Error& failure) {
    try {
      ReleaseRun(db_, run, failure.what());
      slot_.holding = false;
      --counts_.claimed();
    } catch (const Error&) {
      // What ended the training is the better reason.
    }
    throw failure;
  }

  TrainingFiles FilesOf(const ClaimedRun& run) const {
    const TrainRequest& request = job_.request;
    TrainingFiles files;
    files.checkpoint = CheckpointPath(request.work_dir, run.key);
    if (request.keep_weights) {
      files.weights = AttemptWeightsPath(request.work_dir, run.key, run.attempt);
    }
    files.names = request.weight_names;
    return files;
  }

  static void Warn(const ClaimedRun& run, const std::string& text) {
    std::fprintf(stderr, "dse: run %lld: %s\n", static_cast<long long>(run.run_id),
                 Printable(text).c_str());
  }

  // A failure of the database, in what the training calls, ends the training; it is the machine's.
  Outcome TryTrain(const ClaimedRun& run) {
    const double lease = job_.request.lease_seconds;
    const Heartbeat heartbeat(job_.request.db_path, run, lease);
    std::optional<Error> database_failure;
    bool lost = false;
    const auto ours = [&](const std::function<bool()>& write) {
      try {
        lost = lost || !write();
      } catch (const std::exception& failure) {
        database_failure = Error(failure.what(), Fault::kMachine);
      }
      return !lost && !database_failure;
    };
    TrainingHooks hooks;
    hooks.on_epoch = [&](const EpochRecord& epoch) {
      const bool stored = ours([&] { return RecordEpoch(db_, run, epoch); });
      if (stored && epoch.epoch > run.epochs_before) ++slot_.progress;
    };
    hooks.should_stop = [&] {
      return StopSignals::count() > 0 || lost || heartbeat.lost() || database_failure;
    };
    hooks.on_warning = [&](const std::string& text) { Warn(run, text); };
    hooks.publish = [&](const std::function<void()>& put_in_place) {
      return ours([&] { return WhileOurs(db_, run, lease, put_in_place); });
    };
    Outcome outcome;
    const auto give_up = [&] { return hooks.should_stop() || TimeIsUp(); };
    if (!MustBeAlone(run) || turns_.TakeAlone(give_up)) {
      outcome = TrainOrFail(run, hooks);
    }
    if (database_failure) return {std::nullopt, database_failure, {}};
    return outcome;
  }

  bool MustBeAlone(const ClaimedRun& run) { return GivenBackWith(db_, run, kOutOfMemoryBeside); }

  Outcome TrainOrFail(const ClaimedRun& run, const TrainingHooks& hooks) {
    std::string engine;
    try {
      const std::string where = "run " + std::to_string(run.run_id);
      const Model model = ParseModel(ParseJson(run.model_json, where), where);
      const Recipe recipe = ParseRecipe(ParseJson(run.recipe_json, where), where);
      engine = trainer_->EngineFor(model, recipe).Text();
      const TrainingResult result = trainer_->Train(
          {model, recipe, job_.data, run.seed, FilesOf(run), turns_.beside_others()}, hooks);
      if (result.outcome == TrainingOutcome::kInterrupted) return {};
      FinishedRun finished = MakeFinished(result);
      return {finished, std::nullopt, result.engine};
    } catch (const std::exception& failure) {
      return {std::nullopt, ToError(failure), engine};
    }
  }

  const WorkerJob& job_;
  SharedCounts& counts_;
  WorkerSlot& slot_;
  WorkerTurns turns_;
  std::unique_ptr<Trainer> trainer_;
  Owner owner_;
  TimeLeft time_left_;
  Database db_;
};

}  // namespace

WorkerExit RunWorker(const WorkerJob& job, SharedCounts& counts, WorkerSlot& slot) {
  try {
    LockWait wait = DefaultLockWait();
    TellOnce(counts, wait);
    SetLockWait(wait);
    return Worker(job, counts, slot).Work();
  } catch (const std::exception& failure) {
    SharedCounts::SetFailure(slot, failure.what());
    return ToError(failure).fault() == Fault::kWorker ? WorkerExit::kWorkerFault
                                                      : WorkerExit::kMachineFault;
  }
}

}  // namespace dse
