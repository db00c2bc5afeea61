#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "runner/torch/fused_norm.h"
#include "runner/training/network_plan.h"

namespace dse {

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

// The parameters of a plan with their first values, in its order. On float they have the plan's
// values to the bit; those of four dimensions are in channels_last.
std::vector<Parameter> MakeParameters(const NetworkPlan& plan, const TensorPlace& place);

// Layers on parameters that MakeParameters made.
Conv MakeConv(const ConvPlan& plan, const std::vector<Parameter>& parameters);
Linear MakeLinear(const LinearPlan& plan, const std::vector<Parameter>& parameters);
// Running mean 0 and variance 1, in the parameters' type and where they are.
NormState MakeNorm(const NormPlan& plan, const std::vector<Parameter>& parameters);

}  // namespace dse
