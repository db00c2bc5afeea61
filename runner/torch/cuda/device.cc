#include "runner/torch/cuda/device.h"

#include <cuda_runtime_api.h>

#include "core/error.h"

namespace dse::cuda {

namespace {

cudaDeviceProp Properties(int index) {
  cudaDeviceProp properties{};
  const cudaError_t status = cudaGetDeviceProperties(&properties, index);
  if (status != cudaSuccess) {
    throw Error("GPU " + std::to_string(index) + " does not answer: " + cudaGetErrorString(status));
  }
  return properties;
}

}  // namespace

std::string DeviceName(int index) { return Properties(index).name; }

bool HasBf16(int index) { return Properties(index).major >= 8; }

}  // namespace dse::cuda
