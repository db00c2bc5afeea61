#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "core/model.h"
#include "runner/torch/layers.h"

namespace dse {

// A residual or plain block of any supported kind: up to three convolutions, each followed by a
// normalisation, with squeeze-and-excitation after the second where the block has it.
struct Block {
  struct Step {
    Conv conv;
    NormState norm;
  };
  struct Squeeze {
    Conv reduce;
    Conv expand;
  };
  std::vector<Step> steps;
  std::optional<Squeeze> squeeze;  // after steps[1]
  bool residual = false;
  std::optional<Step> projection;  // of the shortcut, where the shape changes
};

// A network with its parameters, for blocks X, Y, R, V, VR and Basic and stems simple, cifar and
// resnet. Not thread-safe.
class Network {
 public:
  // `model` must be resolved. Throws Error for a block or stem it does not build.
  Network(const Model& model, bool zero_init_gamma, const TensorPlace& place);

  // Images [n, 3, r, r] in channels_last -> logits [n, classes]. With `training` the batch's own
  // statistics normalise, and running statistics are updated.
  at::Tensor Forward(const at::Tensor& images, bool training) const;

  const std::vector<Parameter>& parameters() const { return parameters_; }
  int64_t CountParameters() const;
  // Every normalisation, from stem to head.
  std::vector<NormState*> Norms();

 private:
  Block MakeBlock(LayerMaker& maker, const std::string& name, const Stage& stage, int input_width,
                  int stride, bool zero_init_gamma) const;
  at::Tensor ForwardBlock(const Block& block, const at::Tensor& x, bool training) const;

  Frame frame_;
  After activation_;
  Block::Step stem_;
  std::vector<Block> blocks_;
  Linear head_;
  std::vector<Parameter> parameters_;
};

}  // namespace dse
