#pragma once

#include <span>
#include <string>

namespace dse {

struct GpuIdentity {
  int index = 0;     // among the GPUs this process sees
  std::string name;  // "NVIDIA H200"
  std::string uuid;  // "GPU-3f1b0c52-..." as nvidia-smi shows it: the same on every day
};

// How a run and a timing name where they were computed:
//   one GPU   "cuda:0, NVIDIA H200, GPU-3f1b0c52-8d0e-..."
//   several   "cuda:0-1, 2 x NVIDIA H200, GPU-3f1b0c52 GPU-9a77e410", kinds joined by " + "
// At least one GPU.
std::string DescribeGpus(std::span<const GpuIdentity> gpus);
// "cpu, 2 threads".
std::string DescribeCpu(int threads);

// The kind of device in such a name, the same for all cards of a kind: "NVIDIA H200",
// "2 x NVIDIA H200", "cpu". Timings are kept by it.
std::string DeviceKind(const std::string& device_name);

// "GPU-3f1b0c52-8d0e-..." of the 16 bytes CUDA gives; "MIG-..." for a slice of a GPU, which its
// name tells.
std::string UuidText(std::span<const char, 16> bytes, const std::string& gpu_name);

}  // namespace dse
