#include "runner/torch/layers.h"

#include <ATen/ATen.h>

#include <cmath>

namespace dse {

at::Tensor Conv::Forward(const at::Tensor& x) const {
  const int64_t padding = weight.size(2) / 2;
  return at::conv2d(x, weight, bias, {stride, stride}, {padding, padding}, {1, 1}, groups);
}

at::Tensor Linear::Forward(const at::Tensor& x) const { return at::linear(x, weight, bias); }

template <typename Draw>
at::Tensor LayerMaker::Add(const std::string& name, ParameterKind kind, at::IntArrayRef shape,
                           const Draw& draw) {
  at::Tensor value;
  if (place_.device.is_meta()) {
    value = at::empty(shape, at::TensorOptions(place_.device).dtype(place_.type));
  } else {
    value = at::empty(shape, at::TensorOptions(at::kCPU).dtype(at::kFloat));
    RandomStream random(StreamKey(place_.seed, "parameters"), parameters_.size());
    float* values = value.mutable_data_ptr<float>();
    for (int64_t i = 0; i < value.numel(); ++i) values[i] = static_cast<float>(draw(random));
    value = value.to(at::TensorOptions(place_.device).dtype(place_.type));
    if (shape.size() == 4) value = value.contiguous(at::MemoryFormat::ChannelsLast);
  }
  value.set_requires_grad(true);
  parameters_.push_back({name, kind, value});
  return value;
}

Conv LayerMaker::MakeConv(const std::string& name, const ConvShape& shape) {
  const double deviation = std::sqrt(2.0 / (1.0 * shape.kernel * shape.kernel * shape.out));
  const double fan_in = 1.0 * shape.kernel * shape.kernel * shape.in / shape.groups;
  Conv conv;
  conv.stride = shape.stride;
  conv.groups = shape.groups;
  conv.weight = Add(name + ".weight", ParameterKind::kWeight,
                    {shape.out, shape.in / shape.groups, shape.kernel, shape.kernel},
                    [&](RandomStream& random) { return deviation * random.Normal(); });
  if (shape.bias) {
    const double bound = 1 / std::sqrt(fan_in);
    conv.bias = Add(name + ".bias", ParameterKind::kBias, {shape.out},
                    [&](RandomStream& random) { return random.Uniform(-bound, bound); });
  }
  return conv;
}

NormState LayerMaker::MakeNorm(const std::string& name, int channels, double gamma) {
  NormState norm;
  norm.gamma =
      Add(name + ".weight", ParameterKind::kNorm, {channels}, [&](RandomStream&) { return gamma; });
  norm.beta =
      Add(name + ".bias", ParameterKind::kNorm, {channels}, [](RandomStream&) { return 0.0; });
  const auto options = at::TensorOptions(place_.device).dtype(place_.type);
  norm.running_mean = at::zeros({channels}, options);
  norm.running_var = at::ones({channels}, options);
  return norm;
}

Linear LayerMaker::MakeLinear(const std::string& name, int in, int out) {
  Linear linear;
  linear.weight = Add(name + ".weight", ParameterKind::kWeight, {out, in},
                      [](RandomStream& random) { return 0.01 * random.Normal(); });
  linear.bias = Add(name + ".bias", ParameterKind::kBias, {out}, [](RandomStream&) { return 0.0; });
  return linear;
}

}  // namespace dse
