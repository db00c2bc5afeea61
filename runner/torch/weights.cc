#include "runner/torch/weights.h"

#include <ATen/ATen.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/json.h"
#include "runner/torch/tensor_records.h"
#include "runner/training/network_plan.h"
#include "runner/training/weight_names.h"
#include "runner/training/weights_metadata.h"

namespace dse {
namespace {

constexpr const char* kMean = "channel_mean";
constexpr const char* kDeviation = "channel_stddev";

void ReadNumbers(const WeightsMetadata& metadata, const char* key, const std::string& path,
                 std::array<float, 3>& values) {
  const auto found = metadata.find(key);
  const Json json = found == metadata.end() ? Json() : ParseJson(found->second, path);
  bool sound = json.is_array() && json.size() == 3;
  for (size_t i = 0; sound && i < 3; ++i) {
    sound = json[i].is_number();
    if (sound) values[i] = json[i].get<float>();
  }
  if (!sound) throw Error(path + ": its metadata have no " + key + " of three numbers");
}

// What kept weights hold, in the order of PublishedTensors::values.
std::vector<at::Tensor> KeptTensors(const Network& network) {
  std::vector<at::Tensor> tensors;
  for (const Parameter& parameter : network.parameters()) tensors.push_back(parameter.value);
  for (const Network::NamedNorm& named : network.norms()) {
    tensors.push_back(named.norm->running_mean);
    tensors.push_back(named.norm->running_var);
  }
  return tensors;
}

// timm's names begin differently from everybody else's.
WeightNames NamesOf(const TensorFile& file) {
  for (const TensorRecord& tensor : file.tensors) {
    if (tensor.name.starts_with("head.fc.")) return WeightNames::kTimm;
  }
  return WeightNames::kTorchvision;
}

}  // namespace

TensorFile PublishWeights(const Model& model, WeightNames names, const Network& network) {
  const PublishedTensors published = PublishTensors(model, PlanNetwork(model), names);
  const std::vector<at::Tensor> tensors = KeptTensors(network);
  TensorFile file;
  for (size_t i = 0; i < tensors.size(); ++i) {
    file.tensors.push_back(ToRecord(published.values[i].published, tensors[i]));
  }
  const at::Tensor counter = at::zeros({}, at::TensorOptions(at::kLong));
  for (const std::string& name : published.counters) {
    file.tensors.push_back(ToRecord(name, counter));
  }
  return file;
}

void KeepWeights(const TrainingJob& job, const Network& network) {
  TensorFile file = PublishWeights(job.model, job.files.names, network);
  file.metadata = DescribeWeights(job);
  WriteSafetensors(job.files.weights, file);
}

WeightsMetadata ReadWeights(const std::string& path, const Model& model, const Network& network) {
  TensorFile file = ReadSafetensors(path, Checksum::kWherePresent);
  WeightsMetadata metadata = std::move(file.metadata);
  const PublishedTensors published = PublishTensors(model, PlanNetwork(model), NamesOf(file));
  RecordReader reader(std::move(file), path);
  const std::vector<at::Tensor> tensors = KeptTensors(network);
  for (size_t i = 0; i < tensors.size(); ++i) {
    reader.Read(published.values[i].published, tensors[i]);
  }
  const at::Tensor counter = at::zeros({}, at::TensorOptions(at::kLong));
  for (const std::string& name : published.counters) {
    if (reader.Has(name)) reader.Read(name, counter);
  }
  reader.Finish();
  return metadata;
}

void ReadChannels(const WeightsMetadata& metadata, const std::string& path, DatasetInfo& info) {
  ReadNumbers(metadata, kMean, path, info.mean);
  ReadNumbers(metadata, kDeviation, path, info.stddev);
}

}  // namespace dse
