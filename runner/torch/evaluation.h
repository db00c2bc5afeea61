#pragma once

#include <ATen/core/Tensor.h>

#include "runner/training/trainer.h"

namespace dse {

// Tests kept weights on the data's test split, images normalised as they were in training and
// computed in the recipe's precision, each batch in `parts` one after another. Throws Error for
// weights of another network, a damaged file, a map of other classes, a label without a class.
EvaluationResult TestWeights(const EvaluationJob& job, at::Device device, int threads, int parts);

}  // namespace dse
