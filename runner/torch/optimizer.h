#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "runner/recipe.h"
#include "runner/torch/layers.h"

namespace dse {

// Stochastic gradient descent with momentum as PyTorch defines it: d = gradient + decay * w;
// m = momentum * m + d; w -= lr * (nesterov ? d + momentum * m : m). Momentum starts at 0.
class Sgd {
 public:
  // Weight decay of norms and biases is the recipe's own where it is set. The parameters' tensors
  // must stay alive.
  Sgd(const std::vector<Parameter>& parameters, const Recipe& recipe);

  void ClearGradients();
  // One update in place. Every parameter must have a gradient.
  void Step(double lr);

 private:
  // Parameters with one weight decay.
  struct Group {
    double weight_decay = 0;
    std::vector<at::Tensor> values;
    std::vector<at::Tensor> momenta;
  };
  void StepOnCpu(const Group& group, double lr) const;
  void StepOnGpu(Group& group, double lr) const;

  double momentum_;
  bool nesterov_;
  std::vector<Group> groups_;
};

}  // namespace dse
