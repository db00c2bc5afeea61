#include "runner/training/weights_metadata.h"

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/json.h"
#include "core/version.h"
#include "runner/data/images/augment.h"
#include "runner/training/weight_differences.h"

namespace dse {
namespace {

Json Preprocessing(const TrainingJob& job) {
  const int resolution = job.model.frame.resolution;
  const DatasetInfo& data = job.data.info();
  return {{"resolution", resolution},
          {"short_side", TestShortSide(resolution)},
          {"interpolation", "bilinear, antialiased where it shrinks"},
          {"mean", data.mean},
          {"stddev", data.stddev}};
}

}  // namespace

WeightsMetadata DescribeNetwork(const Model& model, WeightNames names) {
  std::string spec;
  AppendModel(model, ModelPart::kNetwork, spec);
  WeightsMetadata metadata{
      {"names", names == WeightNames::kTimm ? "timm" : "torchvision"},
      {"model", spec},
      {"model_hash", ModelHash(model)},
      {"activation", TextOf(model.frame.activation, kActivationWords)},
      {"batch_norm_epsilon", Json(kNormEpsilon).dump()},
  };
  Json differences = Json::array();
  std::string lines;
  for (const WeightDifference& difference : LibraryDifferences(model, names)) {
    differences.push_back(difference.what);
    lines += (lines.empty() ? "" : "\n") + difference.python;
  }
  metadata["differences"] = differences.dump();
  if (!lines.empty()) metadata["after_loading"] = lines;
  return metadata;
}

WeightsMetadata DescribeWeights(const TrainingJob& job) {
  const DatasetInfo& data = job.data.info();
  WeightsMetadata metadata = DescribeNetwork(job.model, job.files.names);
  metadata[kClassNames] = NamesToText(data.class_names);
  metadata["preprocessing"] = Preprocessing(job).dump();
  metadata["channel_mean"] = Json(data.mean).dump();
  metadata["channel_stddev"] = Json(data.stddev).dump();
  metadata["recipe"] = RecipeToJson(job.recipe, /*with_defaults=*/true).dump();
  metadata["data"] = AsUtf8(data.uri);
  metadata["dse_version"] = Version();
  return metadata;
}

std::string AsUtf8(const std::string& text) {
  if (IsUtf8(text)) return text;
  const std::string marked = Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
  return ParseJson(marked, "a name").get<std::string>();
}

std::string NamesToText(const std::vector<std::string>& names) {
  Json list = Json::array();
  for (const std::string& name : names) list.push_back(AsUtf8(name));
  return list.dump();
}

std::vector<std::string> ReadClassNames(const WeightsMetadata& metadata, const std::string& path) {
  const auto found = metadata.find(kClassNames);
  if (found == metadata.end()) return {};
  const Json json = ParseJson(found->second, path + ": classes");
  std::vector<std::string> names;
  for (const Json& name : json) {
    if (!json.is_array() || !name.is_string()) break;
    names.push_back(name.get<std::string>());
  }
  if (!json.is_array() || names.size() != json.size()) {
    throw Error(path + ": the class names in its metadata are no list of texts");
  }
  return names;
}

}  // namespace dse
