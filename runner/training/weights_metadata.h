#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/model.h"
#include "runner/training/training_job.h"
#include "runner/training/weight_names.h"

namespace dse {

// What a file of kept weights says of itself, texts by key:
//   names               "torchvision" or "timm": whose names the tensors have
//   model, model_hash   the network's JSON and identity
//   activation          "relu" or "swish", of every block and squeeze
//   batch_norm_epsilon  "1e-05"
//   differences         JSON list: what the library's network of this kind does in another way
//   after_loading       Python, a line for each of these, that makes the library's network `net`,
//                       loaded with these weights, compute what ours does; absent where none is
//                       needed
//   classes             JSON list of names, in the order of the outputs
//   preprocessing       JSON: resolution, short_side and interpolation of test images, mean and
//                       stddev of channels in 0..1
//   channel_mean, channel_stddev   the same two as lists of their own
//   recipe, data, dse_version      JSON of the settings, URI of the images, version of this program
using WeightsMetadata = std::map<std::string, std::string>;

// The first six, of any network.
WeightsMetadata DescribeNetwork(const Model& model, WeightNames names);
// All, of a training.
WeightsMetadata DescribeWeights(const TrainingJob& job);

// `text` itself, or with marks in place of what is no UTF-8, which JSON cannot hold: so names of
// classes are kept and compared.
std::string AsUtf8(const std::string& text);

// The key of the class names, in checkpoints too, and the text of a list of names.
inline constexpr const char* kClassNames = "classes";
std::string NamesToText(const std::vector<std::string>& names);
// The class names; empty where an older version kept none. Throws Error, naming `path`, where they
// are no list of names.
std::vector<std::string> ReadClassNames(const WeightsMetadata& metadata, const std::string& path);

}  // namespace dse
