#include "runner/torch/optimizer.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>

#include "runner/torch/fused_sgd.h"
#include "runner/training/update_rule.h"

namespace dse {
namespace {

constexpr int64_t kGrain = 1 << 15;  // elements a thread takes at least

// The gradient with its elements in memory in the order of the value's.
at::Tensor AlignedGradient(const at::Tensor& value) {
  return value.grad().contiguous(value.suggest_memory_format());
}

at::Tensor ZerosLike(const at::Tensor& value) {
  return at::zeros_like(value, value.suggest_memory_format()).set_requires_grad(false);
}

// One element each; the arrays do not overlap.
template <typename Real>
struct SgdUpdate {
  Real lr, momentum, weight_decay, last_weight, momentum_weight;
  void operator()(Real gradient, Real& m, Real&, Real& value) const {
    const Real d = gradient + weight_decay * value;
    m = momentum * m + d;
    value -= lr * (last_weight * d + momentum_weight * m);
  }
};

template <typename Real>
struct RmspropUpdate {
  Real lr, momentum, weight_decay;
  void operator()(Real gradient, Real& m, Real& v, Real& value) const {
    const Real d = gradient + weight_decay * value;
    v = Real(kRmspropDecay) * v + Real(1 - kRmspropDecay) * d * d;
    m = momentum * m + d / (std::sqrt(v) + Real(kRmspropEpsilon));
    value -= lr * m;
  }
};

template <typename Real>
struct AdamwUpdate {
  Real shrink, step_size, root_correction;
  void operator()(Real gradient, Real& m, Real& v, Real& value) const {
    m += Real(1 - kAdamMomentum) * (gradient - m);
    v = Real(kAdamDecay) * v + Real(1 - kAdamDecay) * gradient * gradient;
    value = value * shrink - step_size * m / (std::sqrt(v) / root_correction + Real(kAdamEpsilon));
  }
};

// Calls update(gradient, momentum, square, value) for every element. `square` may be undefined:
// then the update does not use it.
template <typename Real, typename Update>
void UpdateAll(const Update& update, const at::Tensor& gradient, const at::Tensor& momentum,
               const at::Tensor& square, const at::Tensor& value) {
  const Real* __restrict gradients = gradient.const_data_ptr<Real>();
  Real* __restrict momenta = momentum.mutable_data_ptr<Real>();
  Real* __restrict values = value.mutable_data_ptr<Real>();
  if (!square.defined()) {
    at::parallel_for(0, gradient.numel(), kGrain, [&](int64_t begin, int64_t end) {
      Real unused = 0;
      for (int64_t i = begin; i < end; ++i) update(gradients[i], momenta[i], unused, values[i]);
    });
    return;
  }
  Real* __restrict squares = square.mutable_data_ptr<Real>();
  at::parallel_for(0, gradient.numel(), kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) update(gradients[i], momenta[i], squares[i], values[i]);
  });
}

}  // namespace

Optimizer::Optimizer(const std::vector<Parameter>& parameters, const Recipe& recipe)
    : kind_(recipe.optimizer), momentum_(recipe.momentum), nesterov_(recipe.nesterov) {
  for (const Parameter& parameter : parameters) {
    const double decay = WeightDecay(parameter.kind, recipe);
    auto group = std::find_if(groups_.begin(), groups_.end(),
                              [&](const Group& other) { return other.weight_decay == decay; });
    if (group == groups_.end()) {
      groups_.emplace_back().weight_decay = decay;
      group = groups_.end() - 1;
    }
    group->names.push_back(parameter.name);
    group->values.push_back(parameter.value);
    group->momenta.push_back(ZerosLike(parameter.value));
    if (kind_ != OptimizerKind::kSgd) group->squares.push_back(ZerosLike(parameter.value));
  }
}

void Optimizer::ClearGradients() {
  for (Group& group : groups_) {
    for (at::Tensor& value : group.values) value.mutable_grad() = at::Tensor();
  }
}

std::vector<Optimizer::Slot> Optimizer::Slots() const {
  std::vector<Slot> slots;
  for (const Group& group : groups_) {
    for (size_t i = 0; i < group.values.size(); ++i) {
      slots.push_back({"momentum." + group.names[i], group.momenta[i]});
      if (!group.squares.empty()) slots.push_back({"square." + group.names[i], group.squares[i]});
    }
  }
  return slots;
}

void Optimizer::Step(double lr) {
  const at::NoGradGuard no_grad;
  ++steps_;
  for (Group& group : groups_) {
    const at::Tensor& first = group.values.front();
    if (first.is_cuda()) {
      StepOnGpu(group, lr);
    } else if (first.scalar_type() == at::kDouble) {
      StepOnCpu<double>(group, lr);
    } else {
      StepOnCpu<float>(group, lr);
    }
  }
}

template <typename Real>
void Optimizer::StepOnCpu(Group& group, double lr) const {
  const auto real = [](double value) { return static_cast<Real>(value); };
  const auto update_each = [&](const auto& update) {
    for (size_t i = 0; i < group.values.size(); ++i) {
      UpdateAll<Real>(update, AlignedGradient(group.values[i]), group.momenta[i],
                      group.squares.empty() ? at::Tensor() : group.squares[i], group.values[i]);
    }
  };
  switch (kind_) {
    case OptimizerKind::kSgd:
      update_each(SgdUpdate<Real>{real(lr), real(momentum_), real(group.weight_decay),
                                  real(nesterov_ ? 1 : 0), real(nesterov_ ? momentum_ : 1)});
      return;
    case OptimizerKind::kRmsprop:
      update_each(RmspropUpdate<Real>{real(lr), real(momentum_), real(group.weight_decay)});
      return;
    case OptimizerKind::kAdamw:
      break;
  }
  const double steps = static_cast<double>(steps_);
  update_each(AdamwUpdate<Real>{real(1 - lr * group.weight_decay),
                                real(lr / (1 - std::pow(kAdamMomentum, steps))),
                                real(std::sqrt(1 - std::pow(kAdamDecay, steps)))});
}

void Optimizer::StepOnGpu(Group& group, double lr) const {
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& value : group.values) gradients.push_back(AlignedGradient(value));
  switch (kind_) {
    case OptimizerKind::kSgd:
      FusedSgd(group.values, gradients, group.momenta,
               {lr, momentum_, group.weight_decay, nesterov_});
      return;
    case OptimizerKind::kRmsprop:
      StepRmspropOnGpu(group, gradients, lr);
      return;
    case OptimizerKind::kAdamw:
      break;
  }
  const at::Tensor step =
      at::full({}, static_cast<double>(steps_), at::TensorOptions(group.values.front().device()));
  const std::vector<at::Tensor> steps(group.values.size(), step);
  at::_fused_adamw_(group.values, gradients, group.momenta, group.squares, /*max_exp_avg_sqs=*/{},
                    steps, lr, kAdamMomentum, kAdamDecay, group.weight_decay, kAdamEpsilon,
                    /*amsgrad=*/false, /*maximize=*/false);
}

void Optimizer::StepRmspropOnGpu(Group& group, const std::vector<at::Tensor>& gradients,
                                 double lr) const {
  const std::vector<at::Tensor> decayed =
      at::_foreach_add(gradients, group.values, group.weight_decay);
  at::_foreach_mul_(group.squares, kRmspropDecay);
  at::_foreach_addcmul_(group.squares, decayed, decayed, 1 - kRmspropDecay);
  std::vector<at::Tensor> divisors = at::_foreach_sqrt(group.squares);
  at::_foreach_add_(divisors, kRmspropEpsilon);
  at::_foreach_mul_(group.momenta, momentum_);
  at::_foreach_addcdiv_(group.momenta, decayed, divisors, 1.0);
  at::_foreach_add_(group.values, group.momenta, -lr);
}

void ClipGradients(const std::vector<Parameter>& parameters, double limit) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  for (const Parameter& parameter : parameters) gradients.push_back(parameter.value.grad());
  const at::Tensor norm = at::linalg_vector_norm(at::stack(at::_foreach_norm(gradients, 2)), 2);
  const at::Tensor factor = (limit / (norm + 1e-6)).clamp_max(1.0);
  at::_foreach_mul_(gradients, factor);
}

}  // namespace dse
