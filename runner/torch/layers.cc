#include "runner/torch/layers.h"

#include <ATen/ATen.h>

namespace dse {

at::Tensor Conv::Forward(const at::Tensor& x) const {
  const int64_t padding = weight.size(2) / 2;
  return at::conv2d(x, weight, bias, {stride, stride}, {padding, padding}, {1, 1}, groups);
}

at::Tensor Linear::Forward(const at::Tensor& x) const { return at::linear(x, weight, bias); }

std::vector<Parameter> MakeParameters(const NetworkPlan& plan, const TensorPlace& place) {
  const auto options = at::TensorOptions(place.device).dtype(place.type);
  std::vector<Parameter> parameters;
  for (const ParameterPlan& parameter : plan.parameters) {
    at::Tensor value;
    if (place.device.is_meta()) {
      value = at::empty(parameter.shape, options);
    } else {
      value = at::empty(parameter.shape, at::TensorOptions(at::kCPU).dtype(at::kFloat));
      DrawParameter(parameter, static_cast<int>(parameters.size()), place.seed,
                    {value.mutable_data_ptr<float>(), static_cast<size_t>(value.numel())});
      value = value.to(options);
      if (value.dim() == 4) value = value.contiguous(at::MemoryFormat::ChannelsLast);
    }
    value.set_requires_grad(true);
    parameters.push_back({parameter.name, parameter.kind, value});
  }
  return parameters;
}

Conv MakeConv(const ConvPlan& plan, const std::vector<Parameter>& parameters) {
  Conv conv;
  conv.weight = parameters[plan.weight].value;
  if (plan.bias >= 0) conv.bias = parameters[plan.bias].value;
  conv.stride = plan.stride;
  conv.groups = plan.groups;
  return conv;
}

Linear MakeLinear(const LinearPlan& plan, const std::vector<Parameter>& parameters) {
  return {parameters[plan.weight].value, parameters[plan.bias].value};
}

NormState MakeNorm(const NormPlan& plan, const std::vector<Parameter>& parameters) {
  NormState norm;
  norm.gamma = parameters[plan.gamma].value;
  norm.beta = parameters[plan.beta].value;
  const at::TensorOptions options = norm.gamma.options();
  norm.running_mean = at::zeros({plan.channels}, options);
  norm.running_var = at::ones({plan.channels}, options);
  return norm;
}

}  // namespace dse
