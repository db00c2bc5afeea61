#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "core/model.h"

namespace dse {

// The tensors of one batch normalisation. gamma and beta are learned.
struct NormState {
  at::Tensor gamma;
  at::Tensor beta;
  at::Tensor running_mean;
  at::Tensor running_var;  // unbiased
  double momentum = 0.1;   // weight of a new batch in the running statistics
  double epsilon = 1e-5;
};

// What follows a normalisation: nothing, or the model's activation.
enum class After { kNothing, kRelu, kSwish };
After AfterNorm(Activation activation);

// y = after(norm(x) + residual); residual may be undefined. In training the statistics are those of
// the batch and the running ones are moved towards them, else the running ones are used. float
// tensors in channels_last on the CPU take two passes over memory forward and two backward; sums
// are taken over fixed pieces of the batch, so the result does not depend on the number of threads.
// Anything else goes through ATen's operators.
at::Tensor NormAddActivate(const at::Tensor& x, const NormState& norm, const at::Tensor& residual,
                           After after, bool training);

// The same through ATen's operators only: the reference, and the way of GPUs and doubles.
at::Tensor PlainNormAddActivate(const at::Tensor& x, const NormState& norm,
                                const at::Tensor& residual, After after, bool training);

at::Tensor Activate(const at::Tensor& x, After after);

}  // namespace dse
