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
#include <c10/cuda/CUDAGuard.h>
#endif

#include "core/error.h"
#include "runner/torch/device.h"
#include "runner/torch/memory.h"
#include "runner/torch/session.h"

namespace dse {
namespace {

constexpr int kWarmUpSteps = 3;

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
    // fp32 means fp32 on GPUs too.
    at::globalContext().setAllowTF32CuDNN(false);
    at::globalContext().setAllowTF32CuBLAS(false);
    name_ = DescribeDevice(device_, threads_);
  }

  TrainingResult Train(const TrainingJob& job, const TrainingHooks& hooks) override {
    const auto start = std::chrono::steady_clock::now();
    try {
      return GuardedOn(device_, threads_,
                       [&] { return TrainingSession(job, hooks, device_).Run(); });
    } catch (const std::bad_alloc&) {
      TrainingResult result;
      result.outcome = TrainingOutcome::kOutOfMemory;
      result.seconds =
          std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      result.message =
          "out of memory on " + name_ + " with batch_size " + std::to_string(job.recipe.batch_size);
      return result;
    }
  }

  std::string device_name() const override { return name_; }
  std::string library_version() const override { return "LibTorch " TORCH_VERSION; }

  int64_t CountParameters(const Model& model) override {
    return Guarded([&] { return Network(model, false, {at::kMeta}).CountParameters(); });
  }

  double MeasureStep(const Model& model, const Recipe& recipe, int steps) override {
    return GuardedOn(device_, threads_, [&] { return Measure(model, recipe, std::max(1, steps)); });
  }

 private:
  double Measure(const Model& model, const Recipe& recipe, int steps) const {
    const Frame& frame = model.frame;
    const Network network(model, recipe.zero_init_gamma, {device_, at::kFloat, 0});
    Sgd sgd(network.parameters(), recipe);
    const at::Tensor images =
        at::randn({recipe.batch_size, 3, frame.resolution, frame.resolution}, device_)
            .contiguous(at::MemoryFormat::ChannelsLast);
    const at::Tensor labels = at::randint(frame.classes, {recipe.batch_size},
                                          at::TensorOptions(device_).dtype(at::kLong));
    std::vector<double> seconds;
    for (int i = 0; i < kWarmUpSteps + steps; ++i) {
      const auto start = std::chrono::steady_clock::now();
      // A small fixed rate: weights change and stay finite.
      TrainStep(network, sgd, images, labels, recipe, 0.01).loss.item<float>();
      const auto end = std::chrono::steady_clock::now();
      if (i >= kWarmUpSteps) seconds.push_back(std::chrono::duration<double>(end - start).count());
    }
    std::nth_element(seconds.begin(), seconds.begin() + steps / 2, seconds.end());
    return recipe.batch_size / seconds[steps / 2];
  }

  at::Device device_;
  int threads_;
  std::string name_;
};

}  // namespace

std::unique_ptr<Trainer> MakeLibTorchTrainer(const TrainerOptions& options) {
  return Guarded([&] { return std::make_unique<LibTorchTrainer>(options); });
}

}  // namespace dse
