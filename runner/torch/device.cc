#include "runner/torch/device.h"

#include <algorithm>
#include <cctype>

#include "core/error.h"

#ifdef DSE_TORCH_CUDA
#include <c10/cuda/CUDAFunctions.h>

#include "runner/torch/cuda/device.h"
#endif

namespace dse {
namespace {

int GpuCount() {
#ifdef DSE_TORCH_CUDA
  return c10::cuda::device_count();
#else
  return 0;
#endif
}

[[noreturn]] void FailGpu(const std::string& name, int count) {
#ifdef DSE_TORCH_CUDA
  if (count == 0) {
    throw Error("device '" + name +
                "': no usable GPU was found; check nvidia-smi, or use --device cpu");
  }
  throw Error("device '" + name + "' is not there: this machine has " + std::to_string(count) +
              (count == 1 ? " GPU, cuda:0" : " GPUs, from cuda:0"));
#else
  static_cast<void>(count);
  throw Error("device '" + name +
              "': this build has no GPU code; build it where a CUDA toolkit is, or use "
              "--device cpu");
#endif
}

}  // namespace

c10::Device ParseDevice(const std::string& name) {
  if (name == "cpu") return c10::Device(c10::kCPU);
  const int count = GpuCount();
  if (name == "auto") return count > 0 ? c10::Device(c10::kCUDA, 0) : c10::Device(c10::kCPU);
  if (name == "cuda") {
    if (count == 0) FailGpu(name, count);
    return c10::Device(c10::kCUDA, 0);
  }
  const std::string prefix = "cuda:";
  const std::string digits = name.starts_with(prefix) ? name.substr(prefix.size()) : "";
  const bool numeric =
      !digits.empty() && digits.size() <= 3 &&
      std::all_of(digits.begin(), digits.end(), [](unsigned char c) { return std::isdigit(c); });
  if (!numeric) throw Error("unknown device '" + name + "'; use auto, cpu, cuda or cuda:N");
  const int index = std::stoi(digits);
  if (index >= count) FailGpu(name, count);
  return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(index));
}

std::vector<c10::Device> ReplicaDevices(c10::Device first, int replicas) {
  std::vector<c10::Device> devices;
  for (int i = 0; i < replicas; ++i) {
    devices.push_back(first.is_cpu() ? first
                                     : ParseDevice("cuda:" + std::to_string(first.index() + i)));
  }
  return devices;
}

std::string DescribeDevice(c10::Device device, int threads) {
#ifdef DSE_TORCH_CUDA
  if (device.is_cuda()) return device.str() + ", " + cuda::DeviceName(device.index());
#endif
  return device.str() + ", " + std::to_string(threads) + (threads == 1 ? " thread" : " threads");
}

}  // namespace dse
