#include "runner/torch/fused_sgd.h"

#include <ATen/ops/_fused_sgd.h>

namespace dse {

void FusedSgd(const std::vector<at::Tensor>& values, const std::vector<at::Tensor>& gradients,
              const std::vector<at::Tensor>& momenta, const SgdSettings& settings) {
  const bool averages = settings.momentum > 0;
  at::_fused_sgd_(values, gradients, averages ? momenta : std::vector<at::Tensor>(),
                  settings.weight_decay, settings.momentum, settings.lr, /*dampening=*/0,
                  settings.nesterov && averages, /*maximize=*/false, /*is_first_step=*/false);
}

}  // namespace dse
