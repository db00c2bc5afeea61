#pragma once

#include <span>
#include <vector>

#include "db/populations.h"
#include "runner/training/device_info.h"
#include "runner/work/train.h"

namespace dse {

// Makes a trainer once, in a process of its own that then ends: the caller never loads what trains
// networks, and forks workers afterwards. Throws Error, the worker's fault, with the reason if it
// cannot be made, or if the engine that one of the networks goes to has no such precision. SIGINT
// and SIGTERM end the check; whoever counts them (StopSignals) learns of it. Returns the GPUs that
// the process saw, where the request asks for them (AsksForGpus).
std::vector<GpuIdentity> CheckTrainer(const TrainerFactory& factory, const TrainRequest& request,
                                      std::span<const StoredMember> members);

// The same without a trainer: the GPUs alone.
std::vector<GpuIdentity> SeeGpus(const TrainRequest& request);

}  // namespace dse
