#pragma once

#include <cstdint>

#include "core/clock.h"
#include "db/run_set.h"
#include "runner/work/device_turns.h"
#include "runner/work/placement.h"
#include "runner/work/shared_counts.h"
#include "runner/work/train.h"

namespace dse {

// How a worker process ends; any other way (a signal) is a death. The two in the middle gave up,
// and gave their run back: what was wrong is in their slot.
enum class WorkerExit {
  kDone = 0,
  kMachineFault = 1,  // another process here would do no better
  kWorkerFault = 3,   // another process may get on
  kInterrupted = 130
};

// What a worker inherits from its parent.
struct WorkerJob {
  const TrainRequest& request;
  const Dataset& data;
  const TrainerFactory& factory;
  RunSet run_ids;
  Clock::time_point start;  // of the call, for the time limit
  const Placement& placement;
  const DeviceTurns& turns;
};

// The life of a worker process: makes a trainer, then claims and trains runs until none is left, a
// limit is reached or SIGINT or SIGTERM comes, or until a failure is found not to be its run's own
// (core/error.h, runner/work/failure_row.h). Never throws; what made it give up is in `slot`.
WorkerExit RunWorker(const WorkerJob& job, SharedCounts& counts, WorkerSlot& slot);

}  // namespace dse
