#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/model.h"

namespace dse {

// What a parameter is, for weight decay.
enum class ParameterKind { kWeight, kNorm, kBias };

// How a parameter's first values are drawn.
struct Initialization {
  enum class Law { kConstant, kNormal, kUniform };
  Law law = Law::kConstant;
  double scale = 0;  // the constant; the deviation around 0; the bound on both sides of 0
};

// A learned tensor.
struct ParameterPlan {
  std::string name;  // "trunk_output.block1.block1-0.f.a.0.weight", see NetworkPlan
  ParameterKind kind = ParameterKind::kWeight;
  std::vector<int64_t> shape;
  Initialization initialization;
  int64_t elements() const;
};

// Places of layers' parameters are their numbers in NetworkPlan::parameters; -1 is none.

// A convolution with zero padding kernel/2.
struct ConvPlan {
  int in = 0;
  int out = 0;
  int kernel = 1;
  int stride = 1;
  int groups = 1;
  int weight = -1;  // [out, in / groups, kernel, kernel]
  int bias = -1;    // [out]
};

// A batch normalisation: learned gamma and beta, running mean (from 0) and variance (from 1).
struct NormPlan {
  std::string name;  // of its statistics: NAME.running_mean, NAME.running_var
  int channels = 0;
  int gamma = -1;
  int beta = -1;
};

// A convolution with its normalisation and, maybe, the activation behind it: in the last unit of a
// residual block that comes after the addition.
struct UnitPlan {
  ConvPlan conv;
  NormPlan norm;
  bool activated = true;
};

// A block of any kind: up to three units, squeeze-and-excitation between them where it has one.
struct BlockPlan {
  struct Squeeze {
    ConvPlan reduce;  // behind it the model's activation
    ConvPlan expand;  // behind it a sigmoid
  };
  std::vector<UnitPlan> units;
  std::optional<Squeeze> squeeze;  // before the last unit
  bool residual = false;
  std::optional<UnitPlan> projection;  // of the shortcut, where the shape changes
};

struct LinearPlan {
  int in = 0;
  int out = 0;
  int weight = -1;  // [out, in]
  int bias = -1;    // [out]
};

// All layers of a network and all that they learn, made once from a model: engines build from it,
// files of weights and the count of parameters follow it. Parameters are named as torchvision names
// those of RegNets: "trunk_output.block1.block1-0.f.a.0.weight"; an MBConv block has f.exp (where
// it expands), f.dw, f.se and f.lin, and there is a `head` before `fc`.
struct NetworkPlan {
  Frame frame;
  UnitPlan stem;  // behind the resnet stem a 3x3 max pool of stride 2
  std::vector<BlockPlan> blocks;
  std::optional<UnitPlan> last;  // the 1x1 before pooling
  LinearPlan head;
  std::vector<ParameterPlan> parameters;  // in the order in which their values are drawn

  int residual_blocks() const;
  int features() const { return head.in; }
  int64_t CountParameters() const;
  // Every normalisation, from stem to head; in a block the projection's first.
  std::vector<const NormPlan*> Norms() const;
};

// With `zero_init_gamma` the last normalisation of a residual branch begins with gamma 0.
NetworkPlan PlanNetwork(const Model& model, bool zero_init_gamma = false);

// The first values of a parameter, row-major: convolutions normal with deviation sqrt(2 / (kernel^2
// * out)), not divided by groups, and the linear layer with 0.01; biases of squeezes uniform in
// +-1/sqrt(fan in), others 0; gamma 1, beta 0. A function of the seed and of the parameter's number
// alone, drawn with our own generator: the same on every engine, device and number of threads.
std::vector<float> DrawParameter(const NetworkPlan& plan, int parameter, uint64_t seed);

}  // namespace dse
