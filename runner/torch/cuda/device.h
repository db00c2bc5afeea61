#pragma once

#include <string>

namespace dse::cuda {

// "NVIDIA H100 80GB HBM3". Throws Error if the device does not answer.
std::string DeviceName(int index);

}  // namespace dse::cuda
