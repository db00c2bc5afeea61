#include "runner/torch/cuda/device.h"

#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>
#include <cuda_runtime_api.h>

#include "core/error.h"

namespace dse::cuda {

namespace {

cudaDeviceProp Properties(int index) {
  cudaDeviceProp properties{};
  const cudaError_t status = cudaGetDeviceProperties(&properties, index);
  if (status != cudaSuccess) {
    throw Error("GPU " + std::to_string(index) + " does not answer: " + cudaGetErrorString(status),
                Fault::kWorker);
  }
  return properties;
}

}  // namespace

GpuIdentity Identity(int index) {
  const cudaDeviceProp properties = Properties(index);
  return {index, properties.name, UuidText(properties.uuid.bytes, properties.name)};
}

DeviceAbility Ability(int index) {
  const cudaDeviceProp properties = Properties(index);
  return {true, properties.major, properties.minor};
}

std::string CountFailure() {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess) return cudaGetErrorString(status);
  return count > 0 ? "" : "CUDA counts none";
}

bool Answers(int index) {
  return cudaSetDevice(index) == cudaSuccess && cudaDeviceSynchronize() == cudaSuccess;
}

std::optional<MemoryUse> Memory(int index) {
  size_t free = 0, total = 0;
  if (cudaSetDevice(index) != cudaSuccess || cudaMemGetInfo(&free, &total) != cudaSuccess) {
    return std::nullopt;
  }
  const auto statistics =
      c10::cuda::CUDACachingAllocator::getDeviceStats(static_cast<c10::DeviceIndex>(index));
  const auto all = static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE);
  return MemoryUse{static_cast<int64_t>(free), static_cast<int64_t>(total),
                   statistics.reserved_bytes.at(all).current};
}

}  // namespace dse::cuda
