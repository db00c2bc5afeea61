#pragma once

#include <ATen/core/Tensor.h>

#include "runner/torch/network.h"
#include "runner/torch/optimizer.h"
#include "runner/torch/precision.h"
#include "runner/training/recipe.h"

namespace dse {

// Images that are normalised together, with everything a training step needs to know of them.
struct MicroBatch {
  at::Tensor images;  // [n, 3, r, r]
  at::Tensor labels;  // [n]
  Noise noise{};
  double mixture = 1;  // mixup: the share of each image; the rest is of its opposite in the order
  double weight = 1;   // n / images of the whole batch: what its mean loss counts
};

struct StepOutput {
  at::Tensor loss;   // mean over the images; detached
  at::Tensor wrong;  // images whose heavier label is not the answer
};

// Mean cross entropy of logits [n, classes] against labels [n].
at::Tensor Loss(const at::Tensor& logits, const at::Tensor& labels, double label_smoothing);

// Forward and backward: adds the gradients of weight * loss * scale to the parameters' own.
StepOutput Differentiate(const Network& network, const MicroBatch& batch, const Recipe& recipe,
                         Precision precision, double scale);

// A whole step on one batch in the recipe's precision, which must be resolved.
StepOutput TrainStep(const Network& network, Optimizer& optimizer, const MicroBatch& batch,
                     const Recipe& recipe, double lr);

}  // namespace dse
