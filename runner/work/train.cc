#include "runner/work/train.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>

#include "core/error.h"
#include "core/printable.h"
#include "db/database.h"
#include "db/giving_back.h"
#include "runner/work/device_turns.h"
#include "runner/work/ended_jobs.h"
#include "runner/work/orphans.h"
#include "runner/work/placement.h"
#include "runner/work/plan.h"
#include "runner/work/run_files.h"
#include "runner/work/shard.h"
#include "runner/work/stop_signals.h"
#include "runner/work/supervisor.h"
#include "runner/work/trainer_check.h"
#include "runner/work/worker.h"

namespace dse {
namespace {

struct Wish {
  std::vector<StoredMember> members;
  WantedRuns runs;
  bool anything_to_train = false;
};

// Changes nothing.
Wish ReadWish(const TrainRequest& request, const DatasetInfo& data) {
  Database db = Database::Open(request.db_path, OpenMode::kReadWrite);
  Wish wish;
  wish.members = LoadMembers(db, request.populations);
  const std::vector<StoredMember>& members = wish.members;
  if (members.empty()) {
    throw Error(
        request.db_path +
        ": has no networks to train; draw some with 'dse sample' or name them with 'dse add'");
  }
  wish.runs = MakePlan(members, request.recipe, data, request.seed, request.repeats);
  if (request.run_keys) KeepOnly(*request.run_keys, wish.runs);
  const StateCounts states = CountRuns(db, wish.runs).states;
  wish.anything_to_train = states.total() > states.final();
  return wish;
}

void TellAdopted(const TrainRequest& request, const DatasetInfo& data, const PlanSummary& plan) {
  if (!plan.adopted) return;
  const auto& [uri, runs] = *plan.adopted;
  std::fprintf(stderr,
               "dse: %s: the runs on %s are of before fingerprints covered contents; they are "
               "taken for runs on the images now in %s (%lld runs)\n",
               Printable(request.db_path).c_str(), Printable(uri).c_str(),
               Printable(data.uri).c_str(), static_cast<long long>(runs));
}

// Writes what is missing. The connection is closed again before anything is forked.
PlanSummary WritePlan(const TrainRequest& request, const DatasetInfo& data,
                      const WantedRuns& wanted) {
  Database db = Database::Open(request.db_path, OpenMode::kReadWrite);
  PlanSummary plan = PlanRuns(db, wanted);
  TellAdopted(request, data, plan);
  if (ReclaimLost(db, plan.run_ids, EndedInTheirJobs) > 0) plan = CountRuns(db, plan.run_ids);
  return plan;
}

// In the folder that is this database's own: what lies in another may be of runs of others.
void RemoveLeftovers(const TrainRequest& request) {
  if (!request.work_dir.empty()) return;
  RemoveLeftBehind(request.db_path, WorkFolder(request.db_path, ""));
}

void CheckBatch(const Recipe& recipe, int replicas) {
  if (recipe.batch_size >= 2 * replicas) return;
  const std::string what = replicas == 1 ? "one network" : fmt::format("{} replicas", replicas);
  throw Error(fmt::format(
      "batch_size is {} for {}, but batch norm needs two images or more for each; choose a "
      "batch_size of at least {}",
      recipe.batch_size, what, 2 * replicas));
}

}  // namespace

void CheckRequest(const TrainRequest& request) {
  if (request.workers != kAutoWorkers && (request.workers < 1 || request.workers > kMaxWorkers)) {
    throw Error(fmt::format("there can be 1 to {} workers, not {}", kMaxWorkers, request.workers));
  }
  if (request.workers_per_gpu && request.workers != kAutoWorkers) {
    throw Error("give a number of workers, or of workers on each GPU, not both");
  }
  if (request.repeats < 1) throw Error("there must be at least one repeat");
  CheckBatch(request.recipe, request.trainer.replicas);
}

TrainSummary Train(const TrainRequest& request, const Dataset& data, const TrainerFactory& factory,
                   const std::function<void(const TrainProgress&)>& progress) {
  const auto start = Clock::now();
  CheckRequest(request);
  TrainRequest effective = request;
  effective.work_dir = WorkFolder(request.db_path, request.work_dir);
  const StopSignals signals;
  TellOwnersOf(effective.job);
  const Wish wish = ReadWish(effective, data.info());
  std::vector<GpuIdentity> gpus;
  if (wish.anything_to_train) {
    CheckBeforeTraining(effective, wish.members, data.info());
    gpus = CheckTrainer(factory, effective, wish.members);
  }
  TrainSummary nothing;
  nothing.interrupted = StopSignals::count() > 0;
  if (nothing.interrupted) return nothing;
  const PlanSummary plan = WritePlan(effective, data.info(), wish.runs);
  RemoveLeftovers(request);
  if (plan.states[RunState::kPending] + plan.states[RunState::kFailed] == 0) {
    nothing.plan = plan;
    return nothing;
  }
  const int64_t open = plan.states.total() - plan.states.final();
  const Placement placement =
      PlaceWorkers(request, gpus, std::min(open, request.limit.value_or(open)));
  effective.workers = placement.devices.workers();
  effective.trainer.threads = placement.devices.threads;
  const DeviceTurns turns;
  const WorkerJob job{effective, data, factory, plan.run_ids, start, placement, turns};
  const TrainSummary summary = Supervisor(job, progress).Run();
  // Whoever stopped us waits; the next training does it.
  if (!summary.interrupted) RemoveLeftovers(request);
  return summary;
}

}  // namespace dse
