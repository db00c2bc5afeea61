#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "runner/torch/layers.h"
#include "runner/training/recipe.h"

namespace dse {

// The updates of torch.optim as update_rule.h has them, in place.
class Optimizer {
 public:
  // The parameters' tensors must stay alive.
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
