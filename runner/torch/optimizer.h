#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "runner/torch/layers.h"
#include "runner/training/recipe.h"

namespace dse {

// The updates of torch.optim, in place. For gradient g, weight w, rate lr and decay d:
//   sgd      g += d w; m = momentum m + g; w -= lr (nesterov ? g + momentum m : m)
//   rmsprop  g += d w; v = 0.9 v + 0.1 g^2; m = momentum m + g / (sqrt(v) + 0.001); w -= lr m
//            (the decay of averages and the epsilon are EfficientNet's; Tan and Le, 2019)
//   adamw    w -= lr d w; m = 0.9 m + 0.1 g; v = 0.999 v + 0.001 g^2;
//            w -= lr (m / (1 - 0.9^t)) / (sqrt(v / (1 - 0.999^t)) + 1e-8)
// All averages start at 0.
class Optimizer {
 public:
  // Weight decay of norms and biases is the recipe's own where it is set. The parameters' tensors
  // must stay alive.
  Optimizer(const std::vector<Parameter>& parameters, const Recipe& recipe);

  void ClearGradients();
  // One update. Every parameter must have a gradient.
  void Step(double lr);

  // The averages, for checkpoints: views that can be copied into. "momentum.<parameter>".
  struct Slot {
    std::string name;
    at::Tensor values;
  };
  std::vector<Slot> Slots() const;
  int64_t steps() const { return steps_; }
  void set_steps(int64_t steps) { steps_ = steps; }

 private:
  // Parameters with one weight decay.
  struct Group {
    double weight_decay = 0;
    std::vector<std::string> names;
    std::vector<at::Tensor> values;
    std::vector<at::Tensor> momenta;
    std::vector<at::Tensor> squares;  // averages of squared gradients; empty for sgd
  };
  template <typename Real>
  void StepOnCpu(Group& group, double lr) const;
  void StepOnGpu(Group& group, double lr) const;
  void StepRmspropOnGpu(Group& group, const std::vector<at::Tensor>& gradients, double lr) const;

  OptimizerKind kind_;
  double momentum_;
  bool nesterov_;
  int64_t steps_ = 0;
  std::vector<Group> groups_;
};

// The L2 norm of all gradients together; where it is above `limit` they are scaled down to it, as
// torch.nn.utils.clip_grad_norm_ does.
void ClipGradients(const std::vector<Parameter>& parameters, double limit);

}  // namespace dse
