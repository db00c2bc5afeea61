#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "db/populations.h"
#include "db/runs.h"
#include "runner/dataset.h"
#include "runner/recipe.h"
#include "runner/trainer.h"

namespace dse {

inline constexpr int kMaxWorkers = 1024;

// What `dse train` was asked for.
struct TrainRequest {
  std::string db_path;
  std::vector<std::string> populations;  // empty = all
  Recipe recipe;
  uint64_t seed = 0;  // of the first repeat
  int repeats = 1;
  int retries = 2;                   // of failed runs
  std::optional<int64_t> limit;      // at most so many runs in this call
  std::optional<double> time_limit;  // seconds after which no run is started
  int workers = 1;                   // processes
  std::string work_dir;              // of checkpoints and weights; "" = DATABASE.d
  bool keep_weights = false;         // of runs that are done
  WeightNames weight_names = WeightNames::kTorchvision;
  double lease_seconds = 120;  // a run without a heartbeat for so long may be taken by others
  TrainerOptions trainer;      // threads 0 = cores / workers
};

// Progress for the command line; `best_error` over the plan's finished runs.
struct TrainProgress {
  PlanSummary plan;
  std::optional<double> best_error;
  double seconds = 0;         // since the call
  int64_t finished_here = 0;  // runs this call brought to an outcome other than failed
};

struct TrainSummary {
  PlanSummary plan;  // at the end
  int64_t finished_here = 0;
  bool interrupted = false;
};

// What the database is told of a dataset.
DatasetRow MakeDatasetRow(const DatasetInfo& data);

// The runs wanted of `members`: effective recipes, seeds, keys. Pure. Throws Error if a member's
// model has other classes than the dataset (naming --classes).
WantedRuns MakePlan(std::span<const StoredMember> members, const Recipe& recipe,
                    const DatasetInfo& data, uint64_t seed, int repeats);

// Makes the trainer of one worker, in the worker's own process.
using TrainerFactory = std::function<std::unique_ptr<Trainer>(const TrainerOptions&)>;

// Inserts what is missing (and says on stderr, once, which runs of an older file are taken for
// those of this dataset), forks `workers` processes that claim and train runs of that set only,
// watches them (one that dies is replaced and its run given back) and returns when nothing
// claimable is left. SIGINT and SIGTERM make the workers give their runs back. `data` is shared
// with the workers by fork. Outcomes of training are rows, not errors. Throws Error when no worker
// can work at all (no module, no device).
TrainSummary Train(const TrainRequest& request, const Dataset& data, const TrainerFactory& factory,
                   const std::function<void(const TrainProgress&)>& progress);

}  // namespace dse
