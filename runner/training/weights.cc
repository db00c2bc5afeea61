#include "runner/training/weights.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "core/error.h"
#include "core/json.h"
#include "runner/training/network_plan.h"
#include "runner/training/record_reader.h"
#include "runner/training/weight_names.h"

namespace dse {
namespace {

constexpr const char* kMean = "channel_mean";
constexpr const char* kDeviation = "channel_stddev";

std::array<float, 3> ReadNumbers(const WeightsMetadata& metadata, const char* key,
                                 const std::string& path) {
  const auto found = metadata.find(key);
  const Json json = found == metadata.end() ? Json() : ParseJson(found->second, path);
  std::array<float, 3> values{};
  bool sound = json.is_array() && json.size() == 3;
  for (size_t i = 0; sound && i < 3; ++i) {
    sound = json[i].is_number();
    if (sound) values[i] = json[i].get<float>();
  }
  if (!sound) throw Error(path + ": its metadata have no " + key + " of three numbers");
  return values;
}

// timm's names begin differently from everybody else's.
WeightNames NamesOf(const TensorFile& file) {
  for (const TensorRecord& tensor : file.tensors) {
    if (tensor.name.starts_with("head.fc.")) return WeightNames::kTimm;
  }
  return WeightNames::kTorchvision;
}

// The shapes of kept weights, in the order of PublishedTensors::values.
std::vector<std::vector<int64_t>> ShapesOf(const NetworkPlan& plan) {
  std::vector<std::vector<int64_t>> shapes;
  for (const ParameterPlan& parameter : plan.parameters) shapes.push_back(parameter.shape);
  for (const NormPlan* norm : plan.Norms()) shapes.insert(shapes.end(), 2, {norm->channels});
  return shapes;
}

}  // namespace

TensorFile PublishWeights(const Model& model, WeightNames names,
                          std::vector<TensorRecord> network) {
  const PublishedTensors published = PublishTensors(model, PlanNetwork(model), names);
  TensorFile file;
  file.tensors = std::move(network);
  for (size_t i = 0; i < published.values.size(); ++i) {
    TensorRecord& record = file.tensors.at(i);
    if (record.name != published.values[i].name) {
      throw Error("internal: the engine gave '" + record.name + "' in place of '" +
                  published.values[i].name + "'");
    }
    record.name = published.values[i].published;
  }
  const std::string zero(static_cast<size_t>(SizeOf(TensorType::kI64)), '\0');
  for (const std::string& name : published.counters) {
    file.tensors.push_back({name, TensorType::kI64, {}, zero});
  }
  return file;
}

void KeepWeights(const TrainingJob& job, std::vector<TensorRecord> network) {
  TensorFile file = PublishWeights(job.model, job.files.names, std::move(network));
  file.metadata = DescribeWeights(job);
  WriteSafetensors(job.files.weights, file);
}

KeptWeights ReadWeights(const std::string& path, const Model& model, TensorType type) {
  TensorFile file = ReadSafetensors(path, Checksum::kWherePresent);
  const NetworkPlan plan = PlanNetwork(model);
  const PublishedTensors published = PublishTensors(model, plan, NamesOf(file));
  const std::vector<std::vector<int64_t>> shapes = ShapesOf(plan);
  KeptWeights weights;
  RecordReader reader(file.tensors, path);
  for (size_t i = 0; i < shapes.size(); ++i) {
    weights.tensors.push_back(reader.Take(published.values[i].published, type, shapes[i]));
    weights.tensors.back().name = published.values[i].name;
  }
  for (const std::string& name : published.counters) {
    if (reader.Has(name)) reader.Take(name, TensorType::kI64, {});
  }
  reader.Finish();
  weights.metadata = std::move(file.metadata);
  return weights;
}

Channels ReadChannels(const WeightsMetadata& metadata, const std::string& path) {
  return {ReadNumbers(metadata, kMean, path), ReadNumbers(metadata, kDeviation, path)};
}

}  // namespace dse
