#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/complexity.h"
#include "core/error.h"
#include "core/named_models.h"
#include "core/rng.h"
#include "runner/torch/probes.h"
#include "runner/torch/torch_meter.h"
#include "runner/training/network_plan.h"
#include "runner/training/safetensors.h"
#include "runner/training/weight_names.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_model.h"

namespace dse::network_test {
namespace {

int64_t Built(const Model& model) {
  static const std::unique_ptr<Meter> meter = MakeTorchMeter({"cpu", 1});
  return meter->CountParameters(model);
}

TEST_CASE("Named networks have as many parameters when built as when counted") {
  int compared = 0;
  for (const std::string& name : ModelNames()) {
    const Model model = NamedModel(name);
    if (model.frame.block == BlockType::kMBConv) continue;
    CAPTURE(name);
    CHECK(Built(model) == CountComplexity(model).params);
    ++compared;
  }
  CHECK(compared >= 24);  // the RegNets
}

TEST_CASE("RegNetX-200MF as built has the parameters of the paper's table") {
  // 2.7 M in Table 8 of the paper; 2,684,792 by the authors' code.
  CHECK(Built(NamedModel("regnetx-200mf")) == 2684792);
}

Model ModelOfBlock(BlockType block, RandomStream& random) {
  Model model;
  model.frame.block = block;
  model.frame.stem =
      std::array{StemType::kSimple, StemType::kCifar, StemType::kResnet}[random.Below(3)];
  model.frame.stem_width = DefaultStemWidth(model.frame.stem);
  model.frame.classes = 2 + static_cast<int>(random.Below(100));
  model.frame.se_ratio = block == BlockType::kY ? 0.25 : 0;
  const auto stages = static_cast<int>(3 + random.Below(3));
  for (int i = 0; i < stages; ++i) {
    Stage stage;
    stage.depth = static_cast<int>(1 + random.Below(4));
    stage.width = static_cast<int>(8 * (1 + random.Below(64)));
    stage.stride = DefaultStride(model.frame.stem, i);
    if (HasBottleneck(block))
      stage.bottleneck = std::array{0.25, 0.5, 1.0, 2.0, 4.0}[random.Below(5)];
    if (HasGroups(block)) stage.group_width = 1 << random.Below(6);
    model.stages.push_back(stage);
  }
  return ResolveModel(model, "random");
}

TEST_CASE("Random networks of every block have as many parameters when built as when counted") {
  for (const BlockType block : {BlockType::kX, BlockType::kY, BlockType::kR, BlockType::kV,
                                BlockType::kVR, BlockType::kBasic}) {
    RandomStream random(StreamKey(11, "networks"), static_cast<uint64_t>(block));
    for (int i = 0; i < 25; ++i) {
      const Model model = ModelOfBlock(block, random);
      CAPTURE(ModelToJson(model).dump());
      CHECK(Built(model) == CountComplexity(model).params);
    }
  }
}

TEST_CASE("Loss and gradients of whole networks agree with double precision") {
  for (const std::string block : {"X", "Y", "R", "V", "VR", "Basic", "MBConv"}) {
    CAPTURE(block);
    const probe::NetworkErrors errors = probe::CompareNetworks(TinyModel(block), 12);
    CHECK(errors.loss < 1e-5);
    CHECK(errors.gradient < 2e-3);
  }
}

TEST_CASE("Swish networks and the resnet stem agree with double precision") {
  const Model model =
      ModelOf(R"({"type":"anynet","block":"X","stem":"resnet","resolution":64,"classes":5,
    "activation":"swish","depths":[1,1],"widths":[32,48],"bottleneck":1,"group_widths":16})");
  const probe::NetworkErrors errors = probe::CompareNetworks(model, 8);
  CHECK(errors.loss < 1e-5);
  CHECK(errors.gradient < 2e-3);
}

const probe::ParameterSummary& Find(const std::vector<probe::ParameterSummary>& all,
                                    const std::string& name) {
  for (const probe::ParameterSummary& one : all) {
    if (one.name == name) return one;
  }
  throw Error("no parameter " + name);
}

// The first values of the network as built, by our names.
std::map<std::string, std::vector<float>> BuiltValues(const Model& model, uint64_t seed) {
  const TempFolder folder;
  const std::string path = folder / "initial.safetensors";
  probe::WriteInitialWeights(model, seed, WeightNames::kTorchvision, path);
  std::map<std::string, std::vector<float>> published;
  for (const TensorRecord& record : ReadSafetensors(path, Checksum::kWherePresent).tensors) {
    std::vector<float> values(record.data.size() / sizeof(float));
    std::memcpy(values.data(), record.data.data(), values.size() * sizeof(float));
    published[record.name] = std::move(values);
  }
  std::map<std::string, std::vector<float>> ours;
  const PublishedTensors names =
      PublishTensors(model, PlanNetwork(model), WeightNames::kTorchvision);
  for (const PublishedTensor& tensor : names.values) {
    ours[tensor.name] = std::move(published.at(tensor.published));
  }
  return ours;
}

TEST_CASE("A network as built has the names, shapes and first values of its plan, in its order") {
  for (const std::string block : {"X", "Y", "R", "V", "VR", "Basic", "MBConv"}) {
    const Model model = TinyModel(block);
    const NetworkPlan plan = PlanNetwork(model);
    const auto built = probe::InitialParameters(model, false, 5);
    const auto values = BuiltValues(model, 5);
    REQUIRE(built.size() == plan.parameters.size());
    for (size_t i = 0; i < built.size(); ++i) {
      const ParameterPlan& parameter = plan.parameters[i];
      CAPTURE(block, parameter.name);
      CHECK(built[i].name == parameter.name);
      CHECK(built[i].shape == parameter.shape);
      std::vector<float> drawn(static_cast<size_t>(parameter.elements()));
      DrawParameter(parameter, static_cast<int>(i), 5, drawn);
      CHECK(values.at(parameter.name) == drawn);
    }
    for (const NormPlan* norm : plan.Norms()) {
      CAPTURE(block, norm->name);
      const auto channels = static_cast<size_t>(norm->channels);
      CHECK(values.at(norm->name + ".running_mean") == std::vector<float>(channels, 0.0f));
      CHECK(values.at(norm->name + ".running_var") == std::vector<float>(channels, 1.0f));
    }
  }
}

TEST_CASE("Convolutions start normal by their outputs, whatever their groups") {
  const Model model = ModelOf(R"({"type":"anynet","block":"Y","resolution":32,"classes":10,
    "depths":[1,1],"widths":[64,256],"bottleneck":1,"group_widths":16})");
  const auto all = probe::InitialParameters(model, false, 5);
  const auto& grouped = Find(all, "trunk_output.block2.block2-0.f.b.0.weight");
  CHECK(grouped.shape == std::vector<int64_t>{256, 16, 3, 3});
  CHECK(grouped.deviation == Approx(std::sqrt(2.0 / (9 * 256))).epsilon(0.02));  // 36,864 draws
  CHECK(std::abs(grouped.mean) < 5 * grouped.deviation / std::sqrt(36864.0));
  const auto& head = Find(all, "fc.weight");
  CHECK(head.deviation == Approx(0.01).epsilon(0.05));
  CHECK(Find(all, "fc.bias").high == 0);
  const auto& squeeze = Find(all, "trunk_output.block2.block2-0.f.se.fc1.bias");
  CHECK(squeeze.shape == std::vector<int64_t>{16});  // a quarter of the block's 64 input channels
  CHECK(squeeze.low >= -1 / 16.0);                   // 1 / sqrt(256)
  CHECK(squeeze.high <= 1 / 16.0);
  CHECK(squeeze.deviation > 0.01);
}

TEST_CASE("Only the last normalisation of a residual branch starts at zero, and on request") {
  const Model model = TinyModel("X");
  for (const bool zero : {false, true}) {
    const auto all = probe::InitialParameters(model, zero, 5);
    CHECK(Find(all, "trunk_output.block1.block1-0.f.c.1.weight").high == (zero ? 0 : 1));
    CHECK(Find(all, "trunk_output.block1.block1-0.f.b.1.weight").low == 1);
    CHECK(Find(all, "trunk_output.block2.block2-0.proj.1.weight").low == 1);
    CHECK(Find(all, "stem.1.weight").low == 1);
  }
  const auto plain = probe::InitialParameters(TinyModel("V"), true, 5);
  CHECK(Find(plain, "trunk_output.block1.block1-0.f.a.1.weight").low == 1);
}

TEST_CASE("Initial values depend on the seed and on nothing else") {
  const Model model = TinyModel("X");
  const auto deviation = [&](uint64_t seed) {
    return probe::InitialParameters(model, false, seed).front().deviation;
  };
  CHECK(deviation(1) == deviation(1));
  CHECK(deviation(1) != deviation(2));
}

}  // namespace
}  // namespace dse::network_test
