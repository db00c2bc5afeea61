#pragma once

#include <string>
#include <vector>

#include "core/model.h"
#include "runner/training/network_plan.h"

namespace dse {

// Whose names the tensors of kept weights have.
enum class WeightNames { kTorchvision, kTimm };

// Our name of a parameter or statistic (network_plan.h) as the library calls it:
//   torchvision   RegNet names, which are our own; ResNet names for residual blocks behind
//                 the resnet stem; EfficientNet names for MBConv blocks behind the efficientnet
//                 stem
//   timm          RegNet names, for X, Y and R blocks behind the simple stem
// Networks neither library has keep our names in the torchvision style. Throws Error where timm has
// no such kind of network.
std::string PublishedName(const Model& model, WeightNames names, const std::string& name);

// A tensor of kept weights.
struct PublishedTensor {
  std::string name;       // ours
  std::string published;  // the library's
};

// All tensors of a network's kept weights, in the order of their file.
struct PublishedTensors {
  // Parameters, then running mean and variance of every normalisation, in the plan's order.
  std::vector<PublishedTensor> values;
  std::vector<std::string> counters;  // num_batches_tracked of PyTorch's normalisations, int64 []
};

// `plan` is the model's. Throws Error as PublishedName does.
PublishedTensors PublishTensors(const Model& model, const NetworkPlan& plan, WeightNames names);

// Throws Error where weights are not to be kept under these names: timm has no such kind of network
// (another stem, other blocks), or one that computes something else (its RegNets have ReLU). To be
// asked before a training, not at its end.
void CheckWeightNames(const Model& model, WeightNames names);

}  // namespace dse
