#include "runner/torch/timing.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <chrono>
#include <functional>

#include "runner/torch/network.h"
#include "runner/torch/optimizer.h"
#include "runner/torch/precision.h"
#include "runner/torch/step.h"

namespace dse {
namespace {

constexpr int kWarmUpSteps = 3;
constexpr double kRate = 0.01;  // weights change and stay finite

// `step` must answer a number that waits for everything the device has to do.
std::vector<double> TimeEach(int samples, const std::function<at::Tensor()>& step) {
  std::vector<double> milliseconds;
  for (int i = 0; i < kWarmUpSteps + samples; ++i) {
    const auto start = std::chrono::steady_clock::now();
    step().item<float>();
    const std::chrono::duration<double, std::milli> elapsed =
        std::chrono::steady_clock::now() - start;
    if (i >= kWarmUpSteps) milliseconds.push_back(elapsed.count());
  }
  return milliseconds;
}

}  // namespace

std::vector<double> TimeSteps(const TimingRequest& request, at::Device device) {
  const Frame& frame = request.model.frame;
  const int n = request.batch_size;
  Recipe recipe = request.recipe;
  recipe.precision = ResolvePrecision(recipe.precision, device);
  AllowTf32(recipe.precision == Precision::kTf32);
  const Network network(request.model, recipe.zero_init_gamma, {device, at::kFloat, 0});
  const at::Tensor images = at::randn({n, 3, frame.resolution, frame.resolution}, device)
                                .contiguous(at::MemoryFormat::ChannelsLast);
  if (!request.training) {
    const at::NoGradGuard no_grad;
    return TimeEach(request.samples, [&] {
      const Autocast autocast(recipe.precision, device);
      return network.Forward(images, /*training=*/false).sum();
    });
  }
  const at::Tensor labels =
      at::randint(frame.classes, {n}, at::TensorOptions(device).dtype(at::kLong));
  Optimizer optimizer(network.parameters(), recipe);
  return TimeEach(request.samples, [&] {
    return TrainStep(network, optimizer, {images, labels}, recipe, kRate).loss;
  });
}

}  // namespace dse
