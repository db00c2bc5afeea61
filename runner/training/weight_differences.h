#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/model.h"
#include "runner/training/weight_names.h"

namespace dse {

// Of every batch normalisation of ours (NormState): the authors' of EfficientNet, PyTorch's
// default.
inline constexpr double kNormEpsilon = 1e-5;

// Something that a library's network does in another way than ours though our weights load into it
// with every key matching: shapes tell nothing of strides, activations or epsilons.
struct WeightDifference {
  std::string what;  // "torchvision's EfficientNet-B5 has a batch-norm epsilon of 1e-3, not 1e-5"
  std::string
      python;  // one statement that makes the library's network `net` compute what ours does
};

// The differences to torchvision's RegNet, ResNet or EfficientNet, or timm's RegNet, as the library
// builds them; none where it has no network whose keys and shapes are these. Strides are compared
// with those the library's named networks have.
std::vector<WeightDifference> LibraryDifferences(const Model& model, WeightNames names);

// A sentence for each kind of difference of these networks, with the statement for the first that
// has it.
std::vector<std::string> TellDifferences(std::span<const Model> models, WeightNames names);

}  // namespace dse
