#pragma once

#include <array>
#include <string>
#include <vector>

#include "core/model.h"
#include "runner/training/safetensors.h"
#include "runner/training/training_job.h"
#include "runner/training/weights_metadata.h"

namespace dse {

// Kept weights: a network's records (EngineNetwork::GiveNetwork) in a file under the names of a
// library.

// Writes them to job.files.weights, under job.files.names, with the metadata that DescribeWeights
// gives.
void KeepWeights(const TrainingJob& job, std::vector<TensorRecord> network);

// Every tensor under its published name, with num_batches_tracked where PyTorch's normalisations
// have it.
TensorFile PublishWeights(const Model& model, WeightNames names, std::vector<TensorRecord> network);

struct KeptWeights {
  std::vector<TensorRecord> tensors;  // by our names, in the plan's order
  WeightsMetadata metadata;
};
// Reads a file under torchvision's or timm's names. Throws Error for a damaged file and for weights
// of another network, or not of this type.
KeptWeights ReadWeights(const std::string& path, const Model& model,
                        TensorType type = TensorType::kF32);

// Of the images that weights were trained on, 0..1.
struct Channels {
  std::array<float, 3> mean{};
  std::array<float, 3> stddev{};
};
// Those of the metadata; throws Error, naming `path`, where there are none.
Channels ReadChannels(const WeightsMetadata& metadata, const std::string& path);

}  // namespace dse
