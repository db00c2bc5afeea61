#pragma once

#include <c10/core/Device.h>

#include <string>
#include <vector>

#include "runner/torch/device_choice.h"
#include "runner/training/device_info.h"

namespace dse {

// The device that "auto", "cpu", "cuda" or "cuda:N" names, see ChooseDevice. Throws Error as that
// does, and for a GPU that this build has no code for.
c10::Device ParseDevice(const std::string& name);

// Where the replicas of a network live, the first on `first`: all on the CPU, or one on each GPU
// from there on. Throws Error where there are not so many GPUs.
std::vector<c10::Device> ReplicaDevices(c10::Device first, int replicas);

DeviceAbility AbilityOf(c10::Device device);

// The GPUs that this process can use, as CUDA counts them; none for builds without GPU code.
std::vector<GpuIdentity> ListCudaGpus();

// What these are; `threads` of the CPU.
DeviceInfo DescribeDevices(const std::vector<c10::Device>& devices, int threads);

}  // namespace dse
