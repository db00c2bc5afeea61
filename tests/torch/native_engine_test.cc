#include "runner/native/native_engine.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "core/complexity.h"
#include "runner/native/step_plan.h"
#include "runner/torch/probes.h"
#include "runner/torch/torch_engine.h"
#include "tests/support/random_batch.h"
#include "tests/support/random_model.h"
#include "tests/support/tiny_model.h"

namespace dse::native_engine_test {
namespace {

struct Case {
  Model model;
  Recipe recipe;
  Division division{};
  int images = 12;
  int steps = 1;
  double lr = 0.05;
};

std::vector<double> FloatsOf(const TensorRecord& record) {
  std::vector<float> floats(record.data.size() / sizeof(float));
  std::memcpy(floats.data(), record.data.data(), record.data.size());
  return {floats.begin(), floats.end()};
}

struct Records {
  std::vector<TensorRecord> tensors;
  UpdateState state;
};

// A case's network plan, batches and what the engines make of them.
class Comparison {
 public:
  explicit Comparison(const Case& c) : case_(c) {
    case_.recipe.batch_size = c.images;
    plan_ = PlanNetwork(case_.model, case_.recipe.zero_init_gamma);
    for (int step = 0; step < c.steps; ++step) {
      batches_.push_back(RandomBatch(case_.model.frame, c.images, 20 + step));
    }
  }

  NetworkRequest Request() const {
    return {plan_, case_.recipe, 5, case_.division, {0.5f, 0.45f, 0.4f}, {0.2f, 0.25f, 0.3f}};
  }

  probe::SteppedNetwork InDouble() const {
    return probe::StepInDouble(Request(), batches_, case_.lr);
  }

  probe::SteppedNetwork On(Engine& engine) const {
    const NetworkRequest request = Request();
    const std::unique_ptr<EngineNetwork> network = engine.Make(request);
    probe::SteppedNetwork result{TakeSteps(*network), {}};
    for (const TensorRecord& record : network->GiveNetwork()) {
      result.tensors.push_back(FloatsOf(record));
    }
    return result;
  }

  Records Train(Engine& engine) const {
    const NetworkRequest request = Request();
    const std::unique_ptr<EngineNetwork> network = engine.Make(request);
    TakeSteps(*network);
    Records records;
    records.tensors = network->GiveRecords(records.state);
    return records;
  }

  // What a new network gives back.
  Records TakeAndGive(Engine& engine, const Records& records) const {
    const NetworkRequest request = Request();
    const std::unique_ptr<EngineNetwork> network = engine.Make(request);
    network->TakeRecords(records.tensors, records.state, "here");
    Records given;
    given.tensors = network->GiveRecords(given.state);
    return given;
  }

  // Answers after the steps, for another batch, shorter than those of training.
  Tally Test(Engine& engine, bool precise, const std::vector<int64_t>& tested) const {
    const NetworkRequest request = Request();
    const std::unique_ptr<EngineNetwork> network = engine.Make(request);
    TakeSteps(*network);
    if (precise) {
      network->StartStatistics();
      for (const Batch& batch : batches_) network->AddStatistics(batch);
      network->StoreStatistics();
    }
    Batch batch = RandomBatch(case_.model.frame, case_.images - 1, 40);
    if (!tested.empty()) {
      for (int64_t& label : batch.labels) label %= static_cast<int64_t>(tested.size());
    }
    network->StartTally(1);
    network->Test(batch, tested);
    return network->TakeTally();
  }

 private:
  // Losses of the steps.
  std::vector<double> TakeSteps(EngineNetwork& network) const {
    network.StartTally(case_.steps);
    int64_t image = 0;
    for (const Batch& batch : batches_) {
      network.Step(batch, {image, case_.lr});
      image += batch.size;
    }
    return network.TakeTally().losses;
  }

  Case case_;
  NetworkPlan plan_;
  std::vector<Batch> batches_;
};

struct Errors {
  double loss = 0;
  double tensors = 0;  // relative L2 error, the worst over tensors
};

double Norm(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return std::sqrt(sum);
}

// What has no gradient but for rounding counts against the largest change.
Errors ErrorsOf(const probe::SteppedNetwork& values, const probe::SteppedNetwork& reference) {
  Errors errors;
  for (size_t i = 0; i < values.losses.size(); ++i) {
    errors.loss = std::max(errors.loss, std::abs(values.losses[i] - reference.losses[i]) /
                                            std::abs(reference.losses[i]));
  }
  REQUIRE(values.tensors.size() == reference.tensors.size());
  double largest = 0;
  for (const std::vector<double>& tensor : reference.tensors) {
    largest = std::max(largest, Norm(tensor));
  }
  for (size_t t = 0; t < values.tensors.size(); ++t) {
    std::vector<double> difference = values.tensors[t];
    REQUIRE(difference.size() == reference.tensors[t].size());
    for (size_t i = 0; i < difference.size(); ++i) difference[i] -= reference.tensors[t][i];
    errors.tensors = std::max(
        errors.tensors, Norm(difference) / std::max(Norm(reference.tensors[t]), 1e-3 * largest));
  }
  return errors;
}

struct BothErrors {
  Errors native;
  Errors torch;
};

BothErrors Compare(const Case& c) {
  const Comparison comparison(c);
  const probe::SteppedNetwork reference = comparison.InDouble();
  TrainerOptions options{"cpu", 2};
  options.replicas = c.division.replicas;
  return {ErrorsOf(comparison.On(*MakeNativeEngine(options)), reference),
          ErrorsOf(comparison.On(*MakeTorchEngine(options)), reference)};
}

// Without a kink, so that several steps stay as near to each other as rounding is.
Model SmoothModel(const std::string& block) {
  Model model = TinyModel(block);
  model.frame.activation = Activation::kSwish;
  return model;
}

// Gradients as far as floats show them: a step so long that the first values do not count.
Case GradientCase(Model model) {
  Case c;
  c.model = std::move(model);
  c.recipe.momentum = 0;
  c.recipe.nesterov = false;
  c.recipe.weight_decay = 0;
  c.lr = 1024;
  return c;
}

// LibTorch takes seconds for a grouped convolution in double, so networks of up to 1 MF.
Model ModelOfGradientCase(BlockType block, RandomStream& random) {
  constexpr int64_t kMostFlops = 1'000'000;
  Model model = SmallModel(block, random);
  while (CountComplexity(model).flops > kMostFlops) model = SmallModel(block, random);
  return model;
}

// Adds the logarithms of the tensors' errors up.
void CheckErrors(const BothErrors& errors, double& native_logs, double& torch_logs) {
  CHECK(errors.native.loss <= errors.torch.loss + 1e-7);
  CHECK(errors.native.tensors <= std::max(2 * errors.torch.tensors, 3e-4));
  native_logs += std::log(errors.native.tensors);
  torch_logs += std::log(errors.torch.tensors);
}

void SortByName(std::vector<TensorRecord>& records) {
  std::ranges::sort(records, {}, &TensorRecord::name);
}

// The same names, shapes and, but for rounding, values.
void CheckAlike(Records one, Records other) {
  CHECK(one.state.steps == other.state.steps);
  SortByName(one.tensors);
  SortByName(other.tensors);
  REQUIRE(one.tensors.size() == other.tensors.size());
  for (size_t i = 0; i < one.tensors.size(); ++i) {
    CAPTURE(one.tensors[i].name);
    REQUIRE(one.tensors[i].name == other.tensors[i].name);
    CHECK(one.tensors[i].shape == other.tensors[i].shape);
    const std::vector<double> a = FloatsOf(one.tensors[i]), b = FloatsOf(other.tensors[i]);
    REQUIRE(a.size() == b.size());
    for (size_t k = 0; k < a.size(); ++k) CHECK(a[k] == Approx(b[k]).epsilon(0.02).margin(2e-3));
  }
}

void CheckSame(Records one, Records other) {
  CHECK(one.state.steps == other.state.steps);
  SortByName(one.tensors);
  SortByName(other.tensors);
  REQUIRE(one.tensors.size() == other.tensors.size());
  for (size_t i = 0; i < one.tensors.size(); ++i) {
    CHECK(one.tensors[i].name == other.tensors[i].name);
    CHECK(one.tensors[i].data == other.tensors[i].data);
  }
}

}  // namespace

// Networks of every block, stem, activation and size: rounding of both, each network's and, more
// strictly, their geometric means. Where a value lies so near to 0 that rounding decides whether
// ReLU cuts it, one network's error is larger.
TEST_CASE("The native engine's loss, gradients and statistics err no more than LibTorch's float") {
  constexpr int kEach = 30;
  double native_logs = 0, torch_logs = 0;
  for (const BlockType block : kEveryBlock) {
    RandomStream random(StreamKey(11, "native engine test"), static_cast<uint64_t>(block));
    for (int i = 0; i < kEach; ++i) {
      const Model model = ModelOfGradientCase(block, random);
      CAPTURE(ModelToJson(model).dump());
      CheckErrors(Compare(GradientCase(model)), native_logs, torch_logs);
    }
  }
  const double networks = kEach * std::size(kEveryBlock);
  CHECK(std::exp((native_logs - torch_logs) / networks) < 1.2);
}

TEST_CASE("Layers that are taken in bands of rows err no more than LibTorch's float") {
  const char* const models[] = {
      R"({"type":"anynet","block":"R","stem":"cifar","stem_width":32,"activation":"swish",
        "resolution":32,"classes":5,"depths":[1,2],"widths":[24,96],"bottleneck":[1,2]})",
      R"({"type":"anynet","block":"MBConv","stem":"efficientnet","stem_width":16,
        "activation":"swish","se_ratio":0.25,"resolution":64,"classes":5,"depths":[2,1],
        "widths":[16,24],"strides":[1,2],"kernels":[3,3],"expansions":[1,4],"head_width":64})",
      R"({"type":"anynet","block":"MBConv","stem":"efficientnet","stem_width":16,
        "activation":"swish","resolution":64,"classes":5,"depths":[1,2],
        "widths":[16,24],"strides":[1,1],"kernels":[3,5],"expansions":[1,4],"head_width":64})",
      R"({"type":"anynet","block":"MBConv","stem":"efficientnet","stem_width":32,
        "activation":"swish","resolution":96,"classes":5,"depths":[1],
        "widths":[16],"strides":[2],"kernels":[5],"expansions":[4],"head_width":64})",
      R"({"type":"anynet","block":"X","stem":"cifar","stem_width":32,"activation":"swish",
        "resolution":48,"classes":5,"depths":[1,2],"widths":[64,128],"bottleneck":[1,1],
        "group_widths":[8,16]})"};
  double native_logs = 0, torch_logs = 0;
  std::set<std::vector<int>> cut;  // kernels and strides, and whether images are read
  for (const char* text : models) {
    const Model model = ModelOf(text);
    const NetworkPlan network = PlanNetwork(model);
    const native::StepPlan plan = native::PlanStep(network, 12, /*learns=*/true);
    for (const native::LayerStep& layer : plan.layers) {
      if (layer.bands == 1) continue;
      const ConvShape& shape = plan.conv_of(plan.units[layer.units.front()]).shape;
      cut.insert({shape.kernel, shape.stride, layer.reads_images()});
    }
    CAPTURE(text);
    Case c = GradientCase(model);
    c.recipe.mixup = 0.3;
    CheckErrors(Compare(c), native_logs, torch_logs);
  }
  CHECK(std::exp((native_logs - torch_logs) / std::size(models)) < 1.5);
  CHECK(cut == std::set<std::vector<int>>{
                   {1, 1, 0}, {3, 1, 0}, {3, 1, 1}, {3, 2, 0}, {3, 2, 1}, {5, 1, 0}, {5, 2, 0}});
}

TEST_CASE("The native engine knows every recipe key that acts in a step") {
  const char* const settings[] = {
      "optimizer=sgd",       "nesterov=false",      "momentum=0",          "optimizer=rmsprop",
      "optimizer=adamw",     "weight_decay=0.1",    "weight_decay_norm=0", "weight_decay_bias=0.2",
      "label_smoothing=0.2", "mixup=0.4",           "drop_path=0.5",       "dropout=0.4",
      "grad_clip=0.1",       "zero_init_gamma=true"};
  for (const char* setting : settings) {
    for (const std::string block : {"Y", "MBConv"}) {
      CAPTURE(setting, block);
      Case c;
      c.model = SmoothModel(block);
      SetRecipeKey(c.recipe, setting);
      c.steps = 3;
      c.lr = c.recipe.optimizer == OptimizerKind::kSgd ? 0.05 : 0.001;
      const BothErrors errors = Compare(c);
      CHECK(errors.native.loss <= errors.torch.loss + 1e-6);
      CHECK(errors.native.tensors <= 2 * errors.torch.tensors + 1e-5);
    }
  }
}

TEST_CASE("The native engine divides batches as LibTorch's does") {
  for (const int parts : {2, 3}) {
    Case c = GradientCase(SmoothModel("Y"));
    c.lr = 0.05;
    c.steps = 2;
    c.images = 13;
    c.recipe.mixup = 0.5;
    c.recipe.drop_path = 0.3;
    c.division.micro_batches = parts;
    const BothErrors errors = Compare(c);
    CHECK(errors.native.loss <= errors.torch.loss + 1e-6);
    CHECK(errors.native.tensors <= 2 * errors.torch.tensors + 1e-5);
  }
}

// Chunks of two and three images: the head takes them in threes, the last ones short.
TEST_CASE("The native engine's head takes several images of a chunk at once") {
  for (const int parts : {1, 2}) {
    Case c = GradientCase(SmoothModel("X"));
    c.lr = 0.05;
    c.steps = 2;
    c.images = 37 * parts;
    c.recipe.mixup = 0.5;
    c.recipe.dropout = 0.3;
    c.division.micro_batches = parts;
    const NetworkPlan network = PlanNetwork(c.model);
    CHECK(native::PlanStep(network, 37, /*learns=*/true).head.images == 3);
    const BothErrors errors = Compare(c);
    CHECK(errors.native.loss <= errors.torch.loss + 1e-6);
    CHECK(errors.native.tensors <= 2 * errors.torch.tensors + 1e-5);
  }
}

// Two replicas, each on two micro-batches, with everything that has a state.
TEST_CASE("Checkpoints of either engine are read by the other") {
  for (const OptimizerKind optimizer :
       {OptimizerKind::kSgd, OptimizerKind::kRmsprop, OptimizerKind::kAdamw}) {
    Case c;
    c.model = TinyModel("MBConv");
    c.recipe.optimizer = optimizer;
    c.recipe.ema_decay = 0.7;
    c.lr = optimizer == OptimizerKind::kSgd ? 0.05 : 0.001;
    c.steps = 3;
    c.division = {2, 2};
    const Comparison comparison(c);
    const TrainerOptions options{"cpu", 2, 2};
    const std::unique_ptr<Engine> native = MakeNativeEngine(options);
    const std::unique_ptr<Engine> torch = MakeTorchEngine(options);
    const auto one = comparison.Train(*native), other = comparison.Train(*torch);
    CheckAlike(one, other);
    CheckSame(comparison.TakeAndGive(*native, other), other);
    CheckSame(comparison.TakeAndGive(*torch, one), one);
  }
}

TEST_CASE("Both engines answer alike, also over some of the outputs and with precise statistics") {
  for (const BlockType block : kEveryBlock) {
    RandomStream random(StreamKey(12, "native engine test"), static_cast<uint64_t>(block));
    Case c;
    c.model = SmallModel(block, random);
    c.steps = 3;
    c.lr = 0.01;
    c.division.micro_batches = 2;
    CAPTURE(ModelToJson(c.model).dump());
    const Comparison comparison(c);
    for (const bool precise : {false, true}) {
      for (const std::vector<int64_t>& tested : {std::vector<int64_t>{}, {0, 1}}) {
        const Tally native = comparison.Test(*MakeNativeEngine({"cpu", 2}), precise, tested);
        const Tally torch = comparison.Test(*MakeTorchEngine({"cpu", 2}), precise, tested);
        CHECK(native.losses.front() == Approx(torch.losses.front()).epsilon(1e-3));
        CHECK(std::abs(native.wrong - torch.wrong) <= 1);
      }
    }
  }
}

}  // namespace dse::native_engine_test
