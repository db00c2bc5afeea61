#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/rng.h"
#include "runner/torch/fused_norm.h"

namespace dse {

// What a parameter is, for weight decay and initialisation.
enum class ParameterKind { kWeight, kNorm, kBias };

// A learned tensor. The layer that uses it holds the same storage.
struct Parameter {
  std::string name;  // "trunk_output.block1.block1-0.f.a.0.weight"
  ParameterKind kind = ParameterKind::kWeight;
  at::Tensor value;
};

// A convolution with zero padding kernel/2.
struct Conv {
  at::Tensor weight;  // [out, in / groups, kernel, kernel]
  at::Tensor bias;    // [out], or undefined
  int stride = 1;
  int groups = 1;
  at::Tensor Forward(const at::Tensor& x) const;
};

struct ConvShape {
  int in = 0;
  int out = 0;
  int kernel = 1;
  int stride = 1;
  int groups = 1;
  bool bias = false;
};

struct Linear {
  at::Tensor weight;  // [out, in]
  at::Tensor bias;
  at::Tensor Forward(const at::Tensor& x) const;
};

// Where and how tensors are made. On at::kMeta they have shapes and no memory.
struct TensorPlace {
  at::Device device = at::kCPU;
  at::ScalarType type = at::kFloat;
  uint64_t seed = 0;
};

// Makes layers one after another and keeps the list of their parameters. Values are a function of
// the seed and of the parameter's place in the list, drawn with our own generator: the same on
// every device, library version and number of threads.
class LayerMaker {
 public:
  explicit LayerMaker(const TensorPlace& place) : place_(place) {}

  // Weights normal with deviation sqrt(2 / (kernel^2 * out)), not divided by groups; biases uniform
  // in
  // +-1/sqrt(fan in).
  Conv MakeConv(const std::string& name, const ConvShape& shape);
  // gamma as given, beta 0, running mean 0 and variance 1.
  NormState MakeNorm(const std::string& name, int channels, double gamma);
  // Weights normal with deviation 0.01, biases 0.
  Linear MakeLinear(const std::string& name, int in, int out);

  std::vector<Parameter> TakeParameters() { return std::move(parameters_); }

 private:
  // Adds a parameter whose elements are draw(stream), in the order of its dimensions.
  template <typename Draw>
  at::Tensor Add(const std::string& name, ParameterKind kind, at::IntArrayRef shape,
                 const Draw& draw);

  TensorPlace place_;
  std::vector<Parameter> parameters_;
};

}  // namespace dse
