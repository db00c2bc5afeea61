#include "runner/torch/weights.h"

#include <ATen/ATen.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/error.h"
#include "core/json.h"
#include "runner/torch/tensor_records.h"
#include "runner/training/weights_metadata.h"

namespace dse {
namespace {

constexpr const char* kMean = "channel_mean";
constexpr const char* kDeviation = "channel_stddev";
constexpr const char* kCounter = ".num_batches_tracked";

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

// Calls visit(our name, tensor) for every parameter and running statistic.
template <typename Visit>
void VisitTensors(const Network& network, const Visit& visit) {
  for (const Parameter& parameter : network.parameters()) visit(parameter.name, parameter.value);
  for (const Network::NamedNorm& named : network.norms()) {
    visit(named.name + ".running_mean", named.norm->running_mean);
    visit(named.name + ".running_var", named.norm->running_var);
  }
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
  TensorFile file;
  VisitTensors(network, [&](const std::string& name, const at::Tensor& tensor) {
    file.tensors.push_back(ToRecord(PublishedName(model, names, name), tensor));
  });
  for (const Network::NamedNorm& named : network.norms()) {
    file.tensors.push_back(ToRecord(PublishedName(model, names, named.name + kCounter),
                                    at::zeros({}, at::TensorOptions(at::kLong))));
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
  const WeightNames names = NamesOf(file);
  RecordReader reader(std::move(file), path);
  VisitTensors(network, [&](const std::string& name, const at::Tensor& tensor) {
    reader.Read(PublishedName(model, names, name), tensor);
  });
  const at::Tensor counter = at::zeros({}, at::TensorOptions(at::kLong));
  for (const Network::NamedNorm& named : network.norms()) {
    const std::string name = PublishedName(model, names, named.name + kCounter);
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
