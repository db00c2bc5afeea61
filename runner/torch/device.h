#pragma once

#include <c10/core/Device.h>

#include <string>
#include <vector>

namespace dse {

// The device that "auto", "cpu", "cuda" or "cuda:N" names; auto is the first GPU where there is
// one. Throws Error for other words and for a GPU that is not there or that this build has no code
// for.
c10::Device ParseDevice(const std::string& name);

// Where the replicas of a network live, the first on `first`: all on the CPU, or one on each GPU
// from there on. Throws Error where there are not so many GPUs.
std::vector<c10::Device> ReplicaDevices(c10::Device first, int replicas);

// "cpu, 2 threads", "cuda:0, NVIDIA H100".
std::string DescribeDevice(c10::Device device, int threads);

}  // namespace dse
