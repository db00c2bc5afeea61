#include "runner/torch/device.h"

#ifdef DSE_TORCH_CUDA
#include <c10/cuda/CUDAFunctions.h>

#include "runner/torch/cuda/device.h"
#include "runner/training/gpu_presence.h"
#endif

namespace dse {
namespace {

#ifdef DSE_TORCH_CUDA
GpuSurvey SurveyGpus() {
  GpuSurvey survey;
  survey.built_for_gpus = true;
  survey.driver = HasNvidiaDriver();
  survey.hidden = HidesGpus();
  survey.count = c10::cuda::device_count();
  if (survey.count == 0) survey.failure = cuda::CountFailure();
  return survey;
}
#else
GpuSurvey SurveyGpus() { return {}; }
#endif

}  // namespace

c10::Device ParseDevice(const std::string& name) {
  const int gpu = ChooseDevice(name, name == "cpu" ? GpuSurvey{} : SurveyGpus());
  if (gpu < 0) return c10::Device(c10::kCPU);
  const c10::Device device(c10::kCUDA, static_cast<c10::DeviceIndex>(gpu));
#ifdef DSE_TORCH_CUDA
  CheckHasCode(DSE_CUDA_ARCHITECTURES, cuda::Ability(gpu), DescribeDevices({device}, 1).Name());
#endif
  return device;
}

std::vector<c10::Device> ReplicaDevices(c10::Device first, int replicas) {
  std::vector<c10::Device> devices;
  for (int i = 0; i < replicas; ++i) {
    devices.push_back(first.is_cpu() ? first
                                     : ParseDevice("cuda:" + std::to_string(first.index() + i)));
  }
  return devices;
}

DeviceAbility AbilityOf(c10::Device device) {
#ifdef DSE_TORCH_CUDA
  if (device.is_cuda()) return cuda::Ability(device.index());
#else
  static_cast<void>(device);
#endif
  return {};
}

std::vector<GpuIdentity> ListCudaGpus() {
  std::vector<GpuIdentity> gpus;
#ifdef DSE_TORCH_CUDA
  const int count = c10::cuda::device_count();
  for (int i = 0; i < count; ++i) gpus.push_back(cuda::Identity(i));
#endif
  return gpus;
}

DeviceInfo DescribeDevices(const std::vector<c10::Device>& devices, int threads) {
  DeviceInfo info{{}, threads};
#ifdef DSE_TORCH_CUDA
  for (const c10::Device device : devices) {
    if (device.is_cuda()) info.gpus.push_back(cuda::Identity(device.index()));
  }
#else
  static_cast<void>(devices);
#endif
  return info;
}

}  // namespace dse
