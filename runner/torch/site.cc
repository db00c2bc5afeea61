#include "runner/torch/site.h"

#include <ATen/Parallel.h>
#include <torch/version.h>

#include <algorithm>
#include <optional>

#ifdef DSE_TORCH_CUDA
#include <c10/cuda/CUDACachingAllocator.h>

#include "runner/torch/cuda/device.h"
#endif

#include "runner/torch/device.h"
#include "runner/torch/library_failure.h"

namespace dse {
namespace {

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

bool Answers(const Site& site) {
#ifdef DSE_TORCH_CUDA
  return std::ranges::all_of(site.devices, [](at::Device device) {
    return device.is_cpu() || cuda::Answers(device.index());
  });
#else
  static_cast<void>(site);
  return true;
#endif
}

// Of the GPU with the least free memory.
std::optional<MemoryUse> LeastMemory(const Site& site) {
  std::optional<MemoryUse> least;
#ifdef DSE_TORCH_CUDA
  for (const at::Device device : site.devices) {
    if (device.is_cpu()) continue;
    const std::optional<MemoryUse> use = cuda::Memory(device.index());
    if (use && (!least || use->free < least->free)) least = use;
  }
#else
  static_cast<void>(site);
#endif
  return least;
}

LibraryFailure Describe(const c10::Error& error, const Site& site) {
  LibraryFailure failure;
  failure.text = FirstLine(error.what_without_backtrace());
  failure.out_of_memory = dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr;
#if TORCH_VERSION_MAJOR > 2 || TORCH_VERSION_MINOR >= 9
  if (const auto* accelerator = dynamic_cast<const c10::AcceleratorError*>(&error)) {
    failure.cuda_code = accelerator->get_error_code();
  }
#endif
  failure.on_gpu = !site.on_cpu();
  failure.device_answers = Answers(site);
  return failure;
}

}  // namespace

Site MakeSite(const TrainerOptions& options) {
  const Site nowhere{{at::kCPU}, 1, {}, options.device};
  return Guarded(nowhere, [&] {
    Site site;
    site.threads = std::max(1, options.threads);
    site.devices = ReplicaDevices(ParseDevice(options.device), options.replicas);
    site.info = DescribeDevices(site.devices, site.threads);
    site.name = site.info.Name();
    return site;
  });
}

void ThrowAs(const c10::Error& error, const Site& site) {
  ThrowFailure(Describe(error, site), site.name, LeastMemory(site));
}

AtSite::AtSite(const Site& site)
    : guard_(site.on_cpu() ? std::nullopt : std::optional<at::Device>(site.devices.front())) {
  if (at::get_num_threads() != site.threads) at::set_num_threads(site.threads);
}

void FreeCachedMemory(const Site& site) {
#ifdef DSE_TORCH_CUDA
  if (!site.on_cpu()) c10::cuda::CUDACachingAllocator::emptyCache();
#else
  static_cast<void>(site);
#endif
}

EngineInfo LibTorchInfo() { return {kLibTorch, TORCH_VERSION}; }

}  // namespace dse
