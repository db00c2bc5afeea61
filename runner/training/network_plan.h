#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/model.h"
#include "runner/training/parameter_plan.h"

namespace dse {

// Layers name their parameters by the numbers these have in NetworkPlan::parameters; -1 is none.

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
  int gamma = -1;  // [channels]
  int beta = -1;   // [channels]
};

// A convolution with its normalisation and, maybe, the model's activation behind it: in the last
// unit of a residual block behind the addition.
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
  std::vector<ParameterPlan> parameters;

  int residual_blocks() const;
  int features() const { return head.in; }  // inputs of the last layer
  int64_t CountParameters() const;
  // Every normalisation, from stem to head; in a block the projection's first. Valid as long as the
  // plan is neither changed nor moved.
  std::vector<const NormPlan*> Norms() const;
};

// The plan of a resolved model. Convolutions begin normal with deviation sqrt(2 / (kernel^2 *
// out)), not divided by groups, the linear layer with 0.01; biases of squeezes uniform in
// +-1/sqrt(fan in), others 0; gamma 1, beta 0. With `zero_init_gamma` the last normalisation of a
// residual branch begins with gamma 0.
NetworkPlan PlanNetwork(const Model& model, bool zero_init_gamma = false);

}  // namespace dse
