#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace dse {

struct SgdSettings {
  double lr = 0;
  double momentum = 0;
  double weight_decay = 0;
  bool nesterov = false;
};

// The library's one kernel for all parameters, on any device. Without momentum it must not be given
// averages (on GPUs it refuses), and `momenta` stay as they are.
void FusedSgd(const std::vector<at::Tensor>& values, const std::vector<at::Tensor>& gradients,
              const std::vector<at::Tensor>& momenta, const SgdSettings& settings);

}  // namespace dse
