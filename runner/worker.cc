#include "runner/worker.h"

#include <cmath>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include "core/error.h"
#include "core/json.h"
#include "db/database.h"
#include "runner/heartbeat.h"
#include "runner/run_files.h"
#include "runner/stop_signals.h"

namespace dse {
namespace {

std::optional<double> Finite(double value) {
  return std::isfinite(value) ? std::optional<double>(value) : std::nullopt;
}

EpochRecord MakeRecord(const EpochReport& report) {
  return {report.epoch,
          report.lr,
          Finite(report.train_loss),
          Finite(report.train_error),
          Finite(report.test_loss),
          Finite(report.test_error),
          report.seconds};
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
  finished.precision = result.precision;
  return finished;
}

// One worker at work.
class Worker {
 public:
  Worker(const WorkerJob& job, SharedCounts& counts, WorkerSlot& slot)
      : job_(job),
        counts_(counts),
        slot_(slot),
        trainer_(job.factory(job.request.trainer)),
        owner_(Owner::ThisProcess()),
        db_(Database::Open(job.request.db_path, OpenMode::kReadWrite)) {}

  WorkerExit Work() {
    while (StopSignals::count() == 0 && !TimeIsUp() && TakeTicket()) {
      const std::optional<ClaimedRun> run = Claim();
      if (!run) {
        --counts_.claimed();
        break;
      }
      slot_.holding = true;
      TrainRun(*run);
      slot_.holding = false;
    }
    return StopSignals::count() > 0 ? WorkerExit::kInterrupted : WorkerExit::kDone;
  }

 private:
  bool TimeIsUp() const {
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - job_.start;
    return job_.request.time_limit && elapsed.count() >= *job_.request.time_limit;
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
    request.device = trainer_->device_name();
    request.data_uri = job_.data.info().uri;
    std::optional<ClaimedRun> run = ClaimNext(db_, owner_, request);
    if (!run && ReclaimLost(db_, job_.run_ids) > 0) run = ClaimNext(db_, owner_, request);
    return run;
  }

  void TrainRun(const ClaimedRun& run) {
    const std::optional<FinishedRun> finished = TryTrain(run);
    if (finished) {
      const bool final = finished->state != RunState::kFailed;
      if (FinishRun(db_, run, *finished) && final) {
        ++counts_.finished();
        RemoveCheckpoint(FilesOf(run).checkpoint);
      }
    } else {
      ReleaseRun(db_, run);  // changes nothing where the run was lost
    }
  }

  TrainingFiles FilesOf(const ClaimedRun& run) const {
    const TrainRequest& request = job_.request;
    TrainingFiles files;
    files.checkpoint = CheckpointPath(request.work_dir, run.key);
    if (request.keep_weights) files.weights = WeightsPath(request.work_dir, run.key);
    files.names = request.weight_names;
    return files;
  }

  // Empty if the training was interrupted. An exception out of the trainer is a failed run; one out
  // of the database is not, and is thrown.
  std::optional<FinishedRun> TryTrain(const ClaimedRun& run) {
    const Heartbeat heartbeat(job_.request.db_path, run, job_.request.lease_seconds);
    std::exception_ptr database_failure;
    bool lost = false;
    TrainingHooks hooks;
    hooks.on_epoch = [&](const EpochReport& report) {
      try {
        if (!RecordEpoch(db_, run, MakeRecord(report))) lost = true;
      } catch (...) {
        database_failure = std::current_exception();
      }
    };
    hooks.should_stop = [&] {
      return StopSignals::count() > 0 || lost || heartbeat.lost() || database_failure != nullptr;
    };
    hooks.on_warning = [&](const std::string& text) {
      std::fprintf(stderr, "dse: run %lld: %s\n", static_cast<long long>(run.run_id), text.c_str());
    };
    std::optional<FinishedRun> finished = TrainOrFail(run, hooks);
    if (database_failure) std::rethrow_exception(database_failure);
    if (finished) finished->torch_version = trainer_->library_version();
    return finished;
  }

  std::optional<FinishedRun> TrainOrFail(const ClaimedRun& run, const TrainingHooks& hooks) {
    try {
      const std::string where = "run " + std::to_string(run.run_id);
      const Model model = ParseModel(ParseJson(run.model_json, where), where);
      const Recipe recipe = ParseRecipe(ParseJson(run.recipe_json, where), where);
      const TrainingResult result =
          trainer_->Train({model, recipe, job_.data, run.seed, FilesOf(run)}, hooks);
      if (result.outcome == TrainingOutcome::kInterrupted) return std::nullopt;
      return MakeFinished(result);
    } catch (const std::exception& failure) {
      FinishedRun finished;
      finished.state = RunState::kFailed;
      finished.message = failure.what();
      return finished;
    }
  }

  const WorkerJob& job_;
  SharedCounts& counts_;
  WorkerSlot& slot_;
  std::unique_ptr<Trainer> trainer_;
  Owner owner_;
  Database db_;
};

}  // namespace

WorkerExit RunWorker(const WorkerJob& job, SharedCounts& counts, WorkerSlot& slot) {
  try {
    return Worker(job, counts, slot).Work();
  } catch (const std::exception& failure) {
    SharedCounts::SetFailure(slot, failure.what());
    return WorkerExit::kFailed;
  }
}

}  // namespace dse
