#pragma once

#include <span>
#include <string>
#include <vector>

namespace dse {

struct GpuIdentity {
  int index = 0;     // among the GPUs this process sees
  std::string name;  // "NVIDIA H200"
  std::string uuid;  // "GPU-3f1b0c52-..." as nvidia-smi shows it: the same on every day
};

// Where one network is computed: on GPUs, a replica on each, or else on the CPU.
struct DeviceInfo {
  std::vector<GpuIdentity> gpus;  // in the order of the replicas; empty: the CPU
  int threads = 1;                // of the CPU

  bool on_gpu() const { return !gpus.empty(); }
  // How a run's row and messages name it:
  //   the CPU       "cpu, 2 threads"
  //   one GPU       "cuda:0, NVIDIA H200, GPU-3f1b0c52-8d0e-..."
  //   several       "cuda:0-1, 2 x NVIDIA H200, GPU-3f1b0c52 GPU-9a77e410", kinds joined by " + "
  std::string Name() const;
  // The same for all cards of a kind: "cpu", "NVIDIA H200", "2 x NVIDIA H200". Timings are kept by
  // it.
  std::string Kind() const;
};

// "GPU-3f1b0c52-8d0e-..." of the 16 bytes CUDA gives; "MIG-..." for a slice of a GPU, which its
// name tells.
std::string UuidText(std::span<const char, 16> bytes, const std::string& gpu_name);

}  // namespace dse
