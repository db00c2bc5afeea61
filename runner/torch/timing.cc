#include "runner/torch/timing.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <functional>

#include "core/clock.h"
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
    const Clock::time_point start = Clock::now();
    step().item<float>();
    const double seconds = SecondsSince(start);
    if (i >= kWarmUpSteps) milliseconds.push_back(1e3 * seconds);
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
  const Network network(PlanNetwork(request.model, recipe.zero_init_gamma),
                        {device, at::kFloat, 0});
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

DevicePeaks TimePeaks(Precision precision, at::Device device) {
  constexpr int kSamples = 7;
  const at::NoGradGuard no_grad;
  precision = ResolvePrecision(precision, device);
  AllowTf32(precision == Precision::kTf32);
  const auto seconds = [&](const std::function<at::Tensor()>& work) {
    std::vector<double> milliseconds = TimeEach(kSamples, work);
    std::ranges::sort(milliseconds);
    return milliseconds[kSamples / 2] / 1e3;
  };
  const int64_t side = device.is_cuda() ? 8192 : 1024;
  const at::Tensor a = at::randn({side, side}, device), b = at::randn({side, side}, device);
  const double product = seconds([&] {
    const Autocast autocast(precision, device);
    return at::mm(a, b)[0][0].to(at::kFloat);
  });
  const int64_t count = device.is_cuda() ? int64_t{1} << 28 : int64_t{1} << 24;
  const at::Tensor from = at::ones({count}, device), to = at::empty({count}, device);
  const double copy = seconds([&] { return at::Tensor(to).copy_(from)[0]; });
  const double cubed = static_cast<double>(side) * static_cast<double>(side * side);
  return {2 * cubed / product, 2 * 4 * static_cast<double>(count) / copy};
}

}  // namespace dse
