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
#endif

#include "core/error.h"
#include "runner/torch/device.h"
#include "runner/torch/evaluation.h"
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

// The CPU's allocator reports lack of memory as a plain c10::Error with this text.
bool IsOutOfMemory(const c10::Error& error) {
  return dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr ||
         std::string(error.what_without_backtrace()).find("can't allocate memory") !=
             std::string::npos;
}

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

// Runs `body`. Lack of memory becomes std::bad_alloc and other failures of the library become
// Error, both with every tensor of the body already destroyed.
template <typename Body>
auto Guarded(const Body& body) {
  try {
    return body();
  } catch (const c10::Error& error) {
    if (IsOutOfMemory(error)) throw std::bad_alloc();
    throw Error("LibTorch failed: " + FirstLine(error.what_without_backtrace()));
  }
}

// The same on a device. The library keeps threads and current device per calling thread, so both
// are set at every call.
template <typename Body>
auto GuardedOn(at::Device device, int threads, const Body& body) {
  at::set_num_threads(threads);
#ifdef DSE_TORCH_CUDA
  const c10::cuda::OptionalCUDAGuard guard(device.is_cuda() ? std::optional<at::Device>(device)
                                                            : std::nullopt);
#else
  static_cast<void>(device);
#endif
  return Guarded(body);
}

class LibTorchTrainer : public Trainer {
 public:
  explicit LibTorchTrainer(const TrainerOptions& options)
      : device_(ParseDevice(options.device)), threads_(std::max(1, options.threads)) {
    KeepFreedMemory();
    AllowTf32(false);  // fp32 means fp32 on GPUs too
    devices_ = ReplicaDevices(device_, options.replicas);
    name_ = DescribeDevice(device_, threads_);
  }

  // Memory that ran out leaves no tensor behind, so what failed is tried again with batches in
  // twice as many parts.
  TrainingResult Train(const TrainingJob& job, const TrainingHooks& hooks) override {
    const auto start = std::chrono::steady_clock::now();
    const TrainingPlace place{devices_, threads_};
    AllowTf32(dse::ResolvePrecision(job.recipe.precision, device_) == Precision::kTf32);
    const int share = job.recipe.batch_size / static_cast<int>(devices_.size());
    for (int micro_batches = 1; share / micro_batches >= kFewestImages; micro_batches *= 2) {
      try {
        return GuardedOn(device_, threads_,
                         [&] { return TrainingSession(job, hooks, place, micro_batches).Run(); });
      } catch (const std::bad_alloc&) {
        FreeCachedMemory();
      }
    }
    TrainingResult result;
    result.outcome = TrainingOutcome::kOutOfMemory;
    result.seconds = SecondsSince(start);
    result.message = "out of memory on " + name_ + ", even with batches of " +
                     std::to_string(job.recipe.batch_size) + " in parts of " +
                     std::to_string(kFewestImages) + " images";
    return result;
  }

  EvaluationResult Evaluate(const EvaluationJob& job) override {
    return GuardedOn(device_, threads_, [&] { return TestWeights(job, device_, threads_); });
  }

  std::string device_name() const override { return name_; }
  std::string library_version() const override { return "LibTorch " TORCH_VERSION; }

  int64_t CountParameters(const Model& model) override {
    return Guarded([&] { return Network(model, false, {at::kMeta}).CountParameters(); });
  }

  Precision ResolvePrecision(Precision precision) const override {
    return dse::ResolvePrecision(precision, device_);
  }

  DevicePeaks MeasurePeaks(Precision precision) override {
    return GuardedOn(device_, threads_, [&] { return TimePeaks(precision, device_); });
  }

  std::vector<double> MeasureSteps(const TimingRequest& request) override {
    return GuardedOn(device_, threads_, [&] { return TimeSteps(request, device_); });
  }

 private:
  void FreeCachedMemory() const {
#ifdef DSE_TORCH_CUDA
    if (device_.is_cuda()) c10::cuda::CUDACachingAllocator::emptyCache();
#endif
  }

  at::Device device_;                // of the first replica
  std::vector<at::Device> devices_;  // of every replica
  int threads_;
  std::string name_;
};

}  // namespace

std::unique_ptr<Trainer> MakeLibTorchTrainer(const TrainerOptions& options) {
  return Guarded([&] { return std::make_unique<LibTorchTrainer>(options); });
}

}  // namespace dse
