#pragma once

#include <string>

#include "runner/torch/network.h"
#include "runner/training/safetensors.h"
#include "runner/training/trainer.h"
#include "runner/training/weights_metadata.h"

namespace dse {

// Writes parameters and running statistics to job.files.weights, under job.files.names, with the
// metadata that DescribeWeights gives.
void KeepWeights(const TrainingJob& job, const Network& network);

// Every tensor of the network under its published name, with num_batches_tracked where PyTorch's
// normalisations have it.
TensorFile PublishWeights(const Model& model, WeightNames names, const Network& network);

// Puts a file's tensors, under torchvision's or timm's names, into the network and answers the
// file's metadata. Throws Error for a damaged file and for weights of another network.
WeightsMetadata ReadWeights(const std::string& path, const Model& model, const Network& network);

// The channel statistics of the metadata; Throws Error where there are none.
void ReadChannels(const WeightsMetadata& metadata, const std::string& path, DatasetInfo& info);

}  // namespace dse
