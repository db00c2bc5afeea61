#include "runner/torch/precision.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "runner/torch/device.h"

namespace dse {
namespace {

constexpr int kGrowthInterval = 2000;

}  // namespace

Precision ResolvePrecision(Precision precision, at::Device device) {
  return MeaningOf(precision, AbilityOf(device));
}

Autocast::Autocast(Precision precision, at::Device device) {
  if (precision != Precision::kBf16 && precision != Precision::kFp16) return;
  device_ = device.type();
  at::autocast::set_autocast_dtype(*device_,
                                   precision == Precision::kBf16 ? at::kBFloat16 : at::kHalf);
  at::autocast::set_autocast_enabled(*device_, true);
}

Autocast::~Autocast() {
  if (!device_) return;
  at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(*device_, false);
}

void AllowTf32(bool allowed) {
  at::globalContext().setAllowTF32CuDNN(allowed);
  at::globalContext().setAllowTF32CuBLAS(allowed);
}

bool LossScale::Unscale(const std::vector<Parameter>& parameters) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  for (const Parameter& parameter : parameters) gradients.push_back(parameter.value.grad());
  const auto options = at::TensorOptions(gradients.front().device()).dtype(at::kFloat);
  at::Tensor found = at::zeros({1}, options);
  at::_amp_foreach_non_finite_check_and_unscale_(gradients, found,
                                                 at::full({1}, 1 / scale_, options));
  const bool finite = found.item<float>() == 0;
  if (!finite) {
    scale_ = std::max(2.0, scale_ / 2);
    good_steps_ = 0;
  } else if (++good_steps_ == kGrowthInterval) {
    scale_ *= 2;
    good_steps_ = 0;
  }
  return finite;
}

void LossScale::Restore(double scale, int good_steps) {
  scale_ = scale;
  good_steps_ = good_steps;
}

}  // namespace dse
