#pragma once

#include <string>

namespace dse::cuda {

// "NVIDIA H100 80GB HBM3". Throws Error if the device does not answer.
std::string DeviceName(int index);

// Whether it computes in bf16 (compute capability 8 and later). Throws as above.
bool HasBf16(int index);

}  // namespace dse::cuda
