#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/model.h"
#include "runner/torch/layers.h"
#include "runner/training/network_plan.h"

namespace dse {

// A convolution with its normalisation and what follows.
struct Unit {
  Conv conv;
  NormState norm;
  After after = After::kNothing;  // in the last unit of a residual block: after the addition
};

// A block of any kind: up to three units, squeeze-and-excitation between them where it has one.
struct Block {
  struct Squeeze {
    Conv reduce;
    Conv expand;
  };
  std::vector<Unit> units;
  std::optional<Squeeze> squeeze;  // before the last unit
  bool residual = false;
  std::optional<Unit> projection;  // of the shortcut, where the shape changes
};

// Random factors of one training batch of n images; undefined where there is no such noise.
struct Noise {
  // [residual blocks, n]: 0 drops an image's residual branch, 1 / (1 - rate) keeps it (DropPath;
  // Huang et al., "Deep networks with stochastic depth").
  at::Tensor drop_path;
  at::Tensor dropout;  // [n, features]: 0 or 1 / (1 - rate), on the input of the last layer
};

// A network with its parameters, built from any plan. Not thread-safe.
class Network {
 public:
  Network(const NetworkPlan& plan, const TensorPlace& place);
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  // Images [n, 3, r, r] in channels_last -> logits [n, classes], never of reduced precision. With
  // `training` the batch's own statistics normalise, and running statistics are updated.
  at::Tensor Forward(const at::Tensor& images, bool training, const Noise& noise = {}) const;

  // In the plan's order.
  const std::vector<Parameter>& parameters() const { return parameters_; }
  int64_t CountParameters() const;  // as really built

  // A normalisation and its name, in the order of NetworkPlan::Norms.
  struct NamedNorm {
    std::string name;
    NormState* norm;
  };
  const std::vector<NamedNorm>& norms() const { return norms_; }

 private:
  Unit MakeUnit(const UnitPlan& plan) const;
  Block MakeBlock(const BlockPlan& plan) const;
  void ListNorms(const NetworkPlan& plan);
  at::Tensor ForwardBlock(const Block& block, const at::Tensor& x, bool training,
                          const at::Tensor& keep) const;

  StemType stem_type_;
  After activation_;
  std::vector<Parameter> parameters_;
  Unit stem_;
  std::vector<Block> blocks_;
  std::optional<Unit> last_;  // the 1x1 before pooling
  Linear head_;
  std::vector<NamedNorm> norms_;
};

}  // namespace dse
