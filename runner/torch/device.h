#pragma once

#include <c10/core/Device.h>

#include <string>

namespace dse {

// The device that "auto", "cpu", "cuda" or "cuda:N" names; auto is the first GPU where there is
// one. Throws Error for other words and for a GPU that is not there or that this build has no code
// for.
c10::Device ParseDevice(const std::string& name);

// "cpu, 2 threads", "cuda:0, NVIDIA H100".
std::string DescribeDevice(c10::Device device, int threads);

}  // namespace dse
