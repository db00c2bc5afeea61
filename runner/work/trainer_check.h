#pragma once

#include <vector>

#include "runner/training/device_info.h"
#include "runner/work/train.h"

namespace dse {

// Makes a trainer once, in a process of its own that then ends: the caller never loads what trains
// networks, and forks workers afterwards. Throws Error, the worker's fault, with the reason if it
// cannot be made or has no precision as the recipe's. SIGINT and SIGTERM end the check; whoever
// counts them (StopSignals) learns of it. Returns the GPUs that the process saw, where the request
// asks for them (AsksForGpus).
std::vector<GpuIdentity> CheckTrainer(const TrainerFactory& factory, const TrainRequest& request);

// The same without a trainer: the GPUs alone.
std::vector<GpuIdentity> SeeGpus(const TrainRequest& request);

}  // namespace dse
