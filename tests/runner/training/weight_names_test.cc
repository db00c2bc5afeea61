#include "runner/training/weight_names.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "core/error.h"
#include "core/named_models.h"

namespace dse::weight_names_test {

TEST_CASE("All tensors of kept weights have names: parameters, running statistics, counters") {
  const Model model = NamedModel("resnet-50");
  const NetworkPlan plan = PlanNetwork(model);
  const PublishedTensors tensors = PublishTensors(model, plan, WeightNames::kTorchvision);
  // torchvision's resnet50 has 161 parameters and 53 normalisations.
  REQUIRE(plan.parameters.size() == 161);
  REQUIRE(tensors.values.size() == 161 + 2 * 53);
  REQUIRE(tensors.counters.size() == 53);
  CHECK(tensors.values[0].name == "stem.0.weight");
  CHECK(tensors.values[0].published == "conv1.weight");
  CHECK(tensors.values[3].name == "trunk_output.block1.block1-0.proj.0.weight");
  CHECK(tensors.values[3].published == "layer1.0.downsample.0.weight");
  CHECK(tensors.values[160].published == "fc.bias");
  CHECK(tensors.values[161].name == "stem.1.running_mean");
  CHECK(tensors.values[161].published == "bn1.running_mean");
  CHECK(tensors.values[162].published == "bn1.running_var");
  CHECK(tensors.values.back().published == "layer4.2.bn3.running_var");
  CHECK(tensors.counters.front() == "bn1.num_batches_tracked");
}

TEST_CASE("No two tensors of a network share a name, ours or a library's") {
  for (const char* name : {"regnety-400mf", "resnext-50", "efficientnet-b0"}) {
    CAPTURE(name);
    const Model model = NamedModel(name);
    const PublishedTensors tensors =
        PublishTensors(model, PlanNetwork(model), WeightNames::kTorchvision);
    std::set<std::string> ours, published(tensors.counters.begin(), tensors.counters.end());
    for (const PublishedTensor& tensor : tensors.values) {
      ours.insert(tensor.name);
      published.insert(tensor.published);
    }
    CHECK(ours.size() == tensors.values.size());
    CHECK(published.size() == tensors.values.size() + tensors.counters.size());
  }
}

TEST_CASE("timm's names are for RegNets") {
  const Model regnet = NamedModel("regnety-400mf"), resnet = NamedModel("resnet-50");
  const PublishedTensors tensors = PublishTensors(regnet, PlanNetwork(regnet), WeightNames::kTimm);
  CHECK(tensors.values[0].published == "stem.conv.weight");
  CHECK(tensors.counters[1] == "s1.b1.downsample.bn.num_batches_tracked");
  CHECK_THROWS_AS(PublishTensors(resnet, PlanNetwork(resnet), WeightNames::kTimm), Error);
}

}  // namespace dse::weight_names_test
