#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "db/claims.h"
#include "db/documents.h"
#include "db/plan.h"
#include "db/populations.h"
#include "runner/data/dataset.h"
#include "runner/slurm/job.h"
#include "runner/training/recipe.h"
#include "runner/training/trainer.h"
#include "runner/work/device_assignment.h"

namespace dse {

// What `dse train` was asked for.
struct TrainRequest {
  std::string db_path;
  std::vector<std::string> populations;  // empty = all
  // Where there are any, only these runs of the plan (RunKey): runner/work/shard.h.
  std::optional<std::vector<std::string>> run_keys;
  Recipe recipe;
  uint64_t seed = 0;  // of the first repeat
  int repeats = 1;
  int retries = 2;                     // of failed runs
  std::optional<int64_t> limit;        // at most so many runs in this call
  std::optional<double> time_limit;    // seconds after which no run is started
  int workers = 1;                     // processes; or kAutoWorkers (device_assignment.h)
  std::optional<int> workers_per_gpu;  // of kAutoWorkers: so many on each GPU
  std::optional<SlurmJob> job;         // that this process runs in
  std::string work_dir;                // of checkpoints and weights; "" = DATABASE.d
  bool keep_weights = false;           // of runs that are done
  WeightNames weight_names = WeightNames::kTorchvision;
  // A run without a heartbeat for so long may be taken by others.
  double lease_seconds = kLeaseSeconds;
  TrainerOptions trainer;  // threads 0 = cores / workers
  // The GPUs this process may use; asked, where workers are spread over them, in a process of its
  // own that then ends. Empty: there are none.
  std::function<std::vector<GpuIdentity>()> list_gpus;
};

// Worker processes of a call that did not work to the end.
struct WorkerReport {
  struct Ends {
    int count = 0;
    std::string reason;  // of the first
  };
  int workers = 0;   // asked for
  Ends replaced;     // gave up or died, and others took their place
  Ends ended_early;  // the same, but nobody did

  // "1 of 2 workers ended early: no module; 1 worker was replaced: ..." for people; "" if all
  // worked to the end.
  std::string Text() const;
};

// Progress for the command line; `best_error` over the plan's finished runs.
struct TrainProgress {
  PlanSummary plan;
  std::optional<double> best_error;
  double seconds = 0;         // since the call
  int64_t finished_here = 0;  // runs this call brought to an outcome other than failed
  WorkerReport workers;       // so far, while others train
  std::string placement;      // of the workers, where it was chosen here: Placement::text
  std::string devices;        // of the workers so far, each once: "cuda:0, NVIDIA H200, GPU-..."
};

struct TrainSummary {
  PlanSummary plan;  // at the end; empty where an interruption came before it could be read
  int64_t finished_here = 0;
  bool interrupted = false;
  WorkerReport workers;
  bool left_undone = false;  // runs are left because workers ended early
  bool out_of_time = false;  // runs are left that do not fit into the time of the batch job
};

// Makes the trainer of one worker, in the worker's own process.
using TrainerFactory = std::function<std::unique_ptr<Trainer>(const TrainerOptions&)>;

// Throws Error for what is wrong with a request in itself, whatever the networks and the data: no
// worker or too many, no repeat, fewer than two images of a batch for each replica, which cannot be
// normalised.
void CheckRequest(const TrainRequest& request);

// Checks the request and all else that can be known before anything is trained, among it whether a
// trainer can be made; then inserts what is missing (and says on stderr, once, which runs of an
// older file are taken for those of this dataset), forks `workers` processes that claim and train
// runs of that set only, watches them (one that dies, or whose device failed, is replaced and its
// run given back) and returns when nothing claimable is left. SIGINT and SIGTERM make the workers
// give their runs back. In a batch job no run is started that would not fit into its time. `data`
// is shared with the workers by fork. Outcomes of training are rows, and workers that give up are
// told of in the summary; Error is thrown where a check fails, and then no row was written.
TrainSummary Train(const TrainRequest& request, const Dataset& data, const TrainerFactory& factory,
                   const std::function<void(const TrainProgress&)>& progress);

}  // namespace dse
