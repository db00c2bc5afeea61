#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runner/training/device_info.h"
#include "runner/work/device_assignment.h"
#include "runner/work/train.h"

namespace dse {

// The workers of a call and their devices, on this machine as it is now.
struct Placement {
  DeviceAssignment devices;
  // For people, where it was not simply asked for: "4 workers on 2 GPUs, 2 on each; NVIDIA MPS
  // runs (/tmp/nvidia-mps)", "8 workers of 2 threads"; else "".
  std::string text;
};

AssignmentRequest ToAssignment(const TrainRequest& request);

// Whether the request needs to know the GPUs.
bool AsksForGpus(const TrainRequest& request);
// `gpus` as CUDA counted them; none where they were not asked for.
Placement PlaceWorkers(const TrainRequest& request, const std::vector<GpuIdentity>& gpus,
                       int64_t open_runs);

// In a worker's process, before anything of CUDA is loaded.
void EnterPlace(const WorkerPlace& place);

}  // namespace dse
