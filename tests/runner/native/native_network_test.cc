#include "runner/native/native_network.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "core/hash.h"
#include "core/version.h"
#include "runner/native/kernels/prefetcher.h"
#include "runner/native/native_engine.h"
#include "runner/training/engine_trainer.h"
#include "tests/runner/native/stepped.h"
#include "tests/support/random_batch.h"
#include "tests/support/random_model.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_model.h"
#include "tests/support/toy_dataset.h"

namespace dse::native_network_test {
namespace {

std::unique_ptr<Trainer> NativeTrainer(int threads) {
  Engines engines;
  engines.push_back(MakeNativeEngine({"cpu", threads}));
  return std::make_unique<EngineTrainer>(std::move(engines));
}

// A training on toy images: its reports' numbers and kept weights.
class Training {
 public:
  explicit Training(const Recipe& recipe) : recipe_(recipe) {
    recipe_.epochs = 2;
    recipe_.batch_size = 16;
    recipe_.lr = 0.4;
    recipe_.augment = Augment::kCifar;
    recipe_.precise_bn_images = 32;
  }

  TrainingOutcome Run(int stop_at, int threads) {
    int asked = 0;
    TrainingHooks hooks;
    hooks.should_stop = [&] { return asked++ == stop_at; };
    hooks.on_epoch = [&](const EpochRecord& epoch) {
      if (epoch.epoch > static_cast<int>(errors.size())) errors.push_back(*epoch.test_error);
      losses.push_back(*epoch.test_loss);
    };
    TrainingJob job{model_, recipe_, data_, 5};
    job.files = {folder_ / "checkpoint", folder_ / "weights"};
    const TrainingResult result = NativeTrainer(threads)->Train(job, hooks);
    if (result.outcome == TrainingOutcome::kDone) {
      for (const TensorRecord& record :
           ReadSafetensors(job.files.weights, Checksum::kRequired).tensors) {
        weights += record.name + " " + ShortHash(record.data) + "\n";
      }
    }
    return result.outcome;
  }

  std::vector<double> errors;
  std::vector<double> losses;
  std::string weights;

 private:
  TempFolder folder_;
  Recipe recipe_;
  Model model_ = TinyModel("Y");
  ToyDataset data_{96, 24};
};

}  // namespace

// Layers of kernels 1, 3 and 5 go by bands.
Model BandedModel() {
  return ModelOf(R"({"type":"anynet","block":"MBConv","stem":"efficientnet","stem_width":32,
    "activation":"swish","se_ratio":0.25,"resolution":96,"classes":5,"depths":[2],
    "widths":[16],"strides":[2],"kernels":[5],"expansions":[4],"head_width":32})");
}

TEST_CASE("What the native engine computes by bands does not depend on threads and cache") {
  SteppedCase c{BandedModel(), RichRecipe()};
  const NetworkPlan network = PlanNetwork(c.model);
  const native::StepPlan plan = native::PlanStep(network, c.images, /*learns=*/true);
  REQUIRE(plan.layers[0].bands > 1);  // the stem
  REQUIRE(plan.layers[2].bands > 1);  // the first depthwise convolution
  const SteppedBytes one = Step(c);
  c.threads = 3;
  CHECK(Step(c) == one);
  size_t floats = 0;  // of an image, of that layer
  for (const native::BufferId id : plan.layers[2].backward) floats += plan.buffers[id].floats;
  const size_t most = Prefetcher::MostFloats();
  for (const size_t of_cache : {size_t{0}, floats - 1, size_t{1} << 40}) {
    Prefetcher::SetMostFloats(of_cache);
    CHECK(Step(c) == one);
  }
  Prefetcher::SetMostFloats(most);
}

TEST_CASE("What the native engine computes does not depend on the number of threads") {
  for (const BlockType block : kEveryBlock) {
    RandomStream random(StreamKey(1, "native threads"), static_cast<uint64_t>(block));
    Model model = SmallModel(block, random);
    model.frame.resolution = std::min(model.frame.resolution, 12);
    SteppedCase c{ResolveModel(std::move(model), "small"), RichRecipe()};
    CAPTURE(ModelToJson(c.model).dump());
    const SteppedBytes one = Step(c);
    for (const int threads : {2, 3}) {
      c.threads = threads;
      CHECK(Step(c) == one);
    }
  }
}

TEST_CASE("What the native engine computes does not depend on the size of the cache") {
  const size_t most = Prefetcher::MostFloats();
  for (const BlockType block : kEveryBlock) {
    RandomStream random(StreamKey(2, "native threads"), static_cast<uint64_t>(block));
    Model model = SmallModel(block, random);
    model.frame.resolution = std::min(model.frame.resolution, 12);
    SteppedCase c{ResolveModel(std::move(model), "small"), RichRecipe()};
    c.threads = 2;
    CAPTURE(ModelToJson(c.model).dump());
    Prefetcher::SetMostFloats(0);
    const SteppedBytes none_fits = Step(c);
    Prefetcher::SetMostFloats(size_t{1} << 40);
    CHECK(Step(c) == none_fits);
  }
  Prefetcher::SetMostFloats(most);
}

TEST_CASE("Replicas of the native engine learn what as many micro-batches do") {
  SteppedCase c{TinyModel("MBConv"), RichRecipe()};
  const SteppedBytes whole = Step(c);
  c.division = {1, 3};
  const SteppedBytes one_by_one = Step(c);
  c.division = {3, 1};
  const SteppedBytes side_by_side = Step(c);
  const auto learned = [&](const SteppedBytes& bytes) {
    std::vector<std::string> tensors;
    for (const std::string& tensor : bytes.tensors) {
      if (!tensor.starts_with("replica")) tensors.push_back(tensor);
    }
    return tensors;
  };
  CHECK(learned(side_by_side) == learned(one_by_one));
  CHECK(learned(whole) != learned(one_by_one));  // normalised by other statistics
  CHECK(side_by_side.tensors.size() > one_by_one.tensors.size());
}

TEST_CASE("A native training stopped anywhere goes on as if it had never stopped") {
  const std::pair<OptimizerKind, std::vector<int>> stops[] = {{OptimizerKind::kSgd, {3, 8, 12}},
                                                              {OptimizerKind::kRmsprop, {8}},
                                                              {OptimizerKind::kAdamw, {8}}};
  for (const auto& [optimizer, stop_ats] : stops) {
    Recipe recipe = RichRecipe();
    recipe.optimizer = optimizer;
    Training whole(recipe);
    REQUIRE(whole.Run(-1, 1) == TrainingOutcome::kDone);
    for (const int stop_at : stop_ats) {
      Training stopped(recipe);
      CHECK(stopped.Run(stop_at, 2) == TrainingOutcome::kInterrupted);
      CHECK(stopped.Run(-1, 1) == TrainingOutcome::kDone);
      CHECK(stopped.weights == whole.weights);
      CHECK(stopped.errors == whole.errors);
      CHECK(stopped.losses.back() == whole.losses.back());
    }
  }
}

TEST_CASE("A native training whose loss is no number has diverged") {
  Recipe recipe;
  recipe.batch_size = 16;
  recipe.epochs = 2;
  recipe.lr = 1e30;
  const Model model = TinyModel("X");
  const ToyDataset data(96, 24);
  CHECK(NativeTrainer(1)->Train({model, recipe, data, 5}, {}).outcome ==
        TrainingOutcome::kDiverged);
}

TEST_CASE("The native engine learns the toy images") {
  Recipe recipe;
  recipe.epochs = 4;
  recipe.batch_size = 16;
  recipe.lr = 0.4;
  recipe.augment = Augment::kNone;
  recipe.precise_bn_images = 64;
  const Model model = TinyModel("X");
  const ToyDataset data(192, 48);
  const TrainingResult result = NativeTrainer(2)->Train({model, recipe, data, 1}, {});
  CHECK(result.engine == EngineInfo{kNative, Version()}.Text());
  CHECK(result.precision == "fp32");
  CHECK(result.error < 20);
}

TEST_CASE("Records of another network are refused by name") {
  const NetworkPlan plan = PlanNetwork(TinyModel("X")), other = PlanNetwork(TinyModel("V"));
  const Recipe recipe;
  const std::unique_ptr<Engine> engine = MakeNativeEngine({"cpu", 1});
  const std::vector<TensorRecord> records = engine->Make({other, recipe})->GiveNetwork();
  CHECK_THROWS_WITH(engine->Make({plan, recipe})->TakeNetwork(records, "file"),
                    Catch::StartsWith("file: ") && Catch::Contains("another network"));
}

}  // namespace dse::native_network_test
