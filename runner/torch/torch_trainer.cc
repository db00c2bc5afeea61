#include "runner/torch/torch_trainer.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/version.h>

#include <algorithm>
#include <chrono>
#include <new>
#include <optional>
#include <string>
#include <vector>

#ifdef DSE_TORCH_CUDA
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>

#include "runner/torch/cuda/device.h"
#endif

#include "core/error.h"
#include "runner/torch/device.h"
#include "runner/torch/evaluation.h"
#include "runner/torch/library_failure.h"
#include "runner/torch/memory.h"
#include "runner/torch/precision.h"
#include "runner/torch/session.h"
#include "runner/torch/timing.h"

namespace dse {
namespace {

// A part of a batch that can still be normalised.
constexpr int kFewestImages = 2;

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

// Where a trainer works.
struct Site {
  std::vector<at::Device> devices;  // of every replica
  int threads = 1;
  std::string name;  // of the devices
};

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
  failure.on_gpu = site.devices.front().is_cuda();
  failure.device_answers = Answers(site);
  return failure;
}

// Runs `body`. Failures of the library become what ThrowFailure throws, with every tensor of the
// body already destroyed.
template <typename Body>
auto Guarded(const Site& site, const Body& body) {
  try {
    return body();
  } catch (const c10::Error& error) {
    ThrowFailure(Describe(error, site), site.name, LeastMemory(site));
  } catch (const std::bad_alloc&) {
    LibraryFailure failure;
    failure.host_memory = true;
    failure.on_gpu = site.devices.front().is_cuda();
    ThrowFailure(failure, site.name, std::nullopt);
  }
}

// The same on the devices. The library keeps threads and current device per calling thread, so both
// are set at every call.
template <typename Body>
auto GuardedOn(const Site& site, const Body& body) {
  at::set_num_threads(site.threads);
#ifdef DSE_TORCH_CUDA
  const at::Device device = site.devices.front();
  const c10::cuda::OptionalCUDAGuard guard(device.is_cuda() ? std::optional<at::Device>(device)
                                                            : std::nullopt);
#endif
  return Guarded(site, body);
}

void FreeCachedMemory(const Site& site) {
#ifdef DSE_TORCH_CUDA
  if (site.devices.front().is_cuda()) c10::cuda::CUDACachingAllocator::emptyCache();
#else
  static_cast<void>(site);
#endif
}

// attempt(parts), `images` divided into 1, 2, 4, ... parts: memory that ran out leaves no tensor
// behind, so what failed is tried again. Throws the last OutOfMemory.
template <typename Attempt>
auto InParts(const Site& site, int images, const Attempt& attempt) {
  for (int parts = 1;; parts *= 2) {
    try {
      return GuardedOn(site, [&] { return attempt(parts); });
    } catch (const OutOfMemory&) {
      if (images / (2 * parts) < kFewestImages) throw;
    }
    FreeCachedMemory(site);
  }
}

class LibTorchTrainer : public Trainer {
 public:
  explicit LibTorchTrainer(const Site& site) : site_(site) {
    KeepFreedMemory();
    AllowTf32(false);  // fp32 means fp32 on GPUs too
  }

  TrainingResult Train(const TrainingJob& job, const TrainingHooks& hooks) override {
    const auto start = std::chrono::steady_clock::now();
    const TrainingPlace place{site_.devices, site_.threads};
    const Precision precision = ResolvePrecision(job.recipe.precision);
    AllowTf32(precision == Precision::kTf32);
    try {
      return InParts(site_, job.recipe.batch_size / static_cast<int>(site_.devices.size()),
                     [&](int parts) { return TrainingSession(job, hooks, place, parts).Run(); });
    } catch (const OutOfMemory& failure) {
      if (!failure.certain()) throw Error(failure.what());
      TrainingResult result;
      result.outcome = TrainingOutcome::kOutOfMemory;
      result.precision = PrecisionWord(precision);
      result.seconds = SecondsSince(start);
      result.message = std::string(failure.what()) + "; batches of " +
                       std::to_string(job.recipe.batch_size) + " were tried in parts of " +
                       std::to_string(kFewestImages) + " images too";
      return result;
    }
  }

  EvaluationResult Evaluate(const EvaluationJob& job) override {
    try {
      return InParts(site_, job.recipe.batch_size, [&](int parts) {
        return TestWeights(job, site_.devices.front(), site_.threads, parts);
      });
    } catch (const OutOfMemory& failure) {
      throw Error(failure.what());
    }
  }

  std::string device_name() const override { return site_.name; }
  std::string library_version() const override { return "LibTorch " TORCH_VERSION; }

  int64_t CountParameters(const Model& model) override {
    return Guarded(site_,
                   [&] { return Network(PlanNetwork(model), {at::kMeta}).CountParameters(); });
  }

  Precision ResolvePrecision(Precision precision) const override {
    return dse::ResolvePrecision(precision, site_.devices.front());
  }

  DevicePeaks MeasurePeaks(Precision precision) override {
    return GuardedOn(site_, [&] { return TimePeaks(precision, site_.devices.front()); });
  }

  std::vector<double> MeasureSteps(const TimingRequest& request) override {
    return GuardedOn(site_, [&] { return TimeSteps(request, site_.devices.front()); });
  }

 private:
  const Site site_;
};

Site SiteOf(const TrainerOptions& options) {
  Site site;
  site.threads = std::max(1, options.threads);
  site.devices = ReplicaDevices(ParseDevice(options.device), options.replicas);
  site.name = DescribeDevices(site.devices, site.threads);
  return site;
}

}  // namespace

std::unique_ptr<Trainer> MakeLibTorchTrainer(const TrainerOptions& options) {
  const Site nowhere{{at::kCPU}, 1, options.device};
  const Site site = Guarded(nowhere, [&] { return SiteOf(options); });
  return Guarded(site, [&] { return std::make_unique<LibTorchTrainer>(site); });
}

}  // namespace dse
