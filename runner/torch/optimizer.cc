#include "runner/torch/sgd.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

namespace dse {
namespace {

constexpr int64_t kGrain = 1 << 15;  // elements a thread takes at least

struct Update {
  float lr;
  float momentum;
  float weight_decay;
  bool nesterov;
};

void UpdateRange(const Update& update, int64_t count, const float* __restrict gradient,
                 float* __restrict momentum, float* __restrict value) {
  const float last_weight = update.nesterov ? 1.0f : 0.0f;
  const float momentum_weight = update.nesterov ? update.momentum : 1.0f;
  for (int64_t i = 0; i < count; ++i) {
    const float d = gradient[i] + update.weight_decay * value[i];
    const float m = update.momentum * momentum[i] + d;
    momentum[i] = m;
    value[i] -= update.lr * (last_weight * d + momentum_weight * m);
  }
}

double WeightDecay(ParameterKind kind, const Recipe& recipe) {
  switch (kind) {
    case ParameterKind::kNorm:
      return recipe.weight_decay_norm.value_or(recipe.weight_decay);
    case ParameterKind::kBias:
      return recipe.weight_decay_bias.value_or(recipe.weight_decay);
    case ParameterKind::kWeight:
      break;
  }
  return recipe.weight_decay;
}

// The gradient with its elements in memory in the order of the value's.
at::Tensor AlignedGradient(const at::Tensor& value) {
  return value.grad().contiguous(value.suggest_memory_format());
}

}  // namespace

Sgd::Sgd(const std::vector<Parameter>& parameters, const Recipe& recipe)
    : momentum_(recipe.momentum), nesterov_(recipe.nesterov) {
  for (const Parameter& parameter : parameters) {
    const double decay = WeightDecay(parameter.kind, recipe);
    auto group = std::find_if(groups_.begin(), groups_.end(),
                              [&](const Group& other) { return other.weight_decay == decay; });
    if (group == groups_.end()) group = groups_.insert(groups_.end(), Group{decay, {}, {}});
    group->values.push_back(parameter.value);
    group->momenta.push_back(
        at::zeros_like(parameter.value, parameter.value.suggest_memory_format())
            .set_requires_grad(false));
  }
}

void Sgd::ClearGradients() {
  for (Group& group : groups_) {
    for (at::Tensor& value : group.values) value.mutable_grad() = at::Tensor();
  }
}

void Sgd::Step(double lr) {
  const at::NoGradGuard no_grad;
  for (Group& group : groups_) {
    if (group.values.front().is_cpu()) {
      StepOnCpu(group, lr);
    } else {
      StepOnGpu(group, lr);
    }
  }
}

void Sgd::StepOnCpu(const Group& group, double lr) const {
  const Update update{static_cast<float>(lr), static_cast<float>(momentum_),
                      static_cast<float>(group.weight_decay), nesterov_};
  for (size_t i = 0; i < group.values.size(); ++i) {
    const at::Tensor gradient = AlignedGradient(group.values[i]);
    const float* gradients = gradient.const_data_ptr<float>();
    float* momenta = group.momenta[i].mutable_data_ptr<float>();
    float* values = group.values[i].mutable_data_ptr<float>();
    at::parallel_for(0, gradient.numel(), kGrain, [&](int64_t begin, int64_t end) {
      UpdateRange(update, end - begin, gradients + begin, momenta + begin, values + begin);
    });
  }
}

void Sgd::StepOnGpu(Group& group, double lr) const {
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& value : group.values) gradients.push_back(AlignedGradient(value));
  at::_fused_sgd_(group.values, gradients, group.momenta, group.weight_decay, momentum_, lr,
                  /*dampening=*/0, nesterov_, /*maximize=*/false, /*is_first_step=*/false);
}

}  // namespace dse
