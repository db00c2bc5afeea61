#pragma once

#include <map>
#include <string>

#include "runner/safetensors.h"
#include "runner/torch/network.h"
#include "runner/trainer.h"

namespace dse {

// Writes parameters and running statistics to job.files.weights, under job.files.names. The
// metadata hold what a test needs: the model's hash and the channel statistics that images are
// normalised with.
void KeepWeights(const TrainingJob& job, const Network& network);

// Every tensor of the network under its published name, with num_batches_tracked where PyTorch's
// normalisations have it.
TensorFile PublishWeights(const Model& model, WeightNames names, const Network& network);

// Puts a file's tensors, under torchvision's or timm's names, into the network and answers the
// file's metadata. Throws Error for a damaged file and for weights of another network.
std::map<std::string, std::string> ReadWeights(const std::string& path, const Model& model,
                                               const Network& network);

// The channel statistics of the metadata; Throws Error where there are none.
void ReadChannels(const std::map<std::string, std::string>& metadata, const std::string& path,
                  DatasetInfo& info);

}  // namespace dse
