#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <string>
#include <vector>

#include "core/error.h"
#include "tests/support/tiny_model.h"
#include "tests/support/toy_dataset.h"
#include "tests/torch/torch_trainer.h"

namespace dse::recipe_keys_test {
namespace {

Recipe BaseRecipe() {
  Recipe recipe;
  recipe.epochs = 4;
  recipe.batch_size = 32;
  recipe.lr = 0.2;
  recipe.augment = Augment::kNone;
  recipe.precise_bn_images = 128;
  return recipe;
}

// The base recipe with these keys.
Recipe With(const std::vector<std::string>& keys) {
  Recipe recipe = BaseRecipe();
  for (const std::string& key : keys) SetRecipeKey(recipe, key);
  return recipe;
}

struct Outcome {
  TrainingResult result;
  EpochRecord first, last;
};

Outcome TrainOn(const Dataset& data, const Recipe& recipe) {
  Outcome outcome;
  TrainingHooks hooks;
  hooks.on_epoch = [&](const EpochRecord& report) {
    (report.epoch == 1 ? outcome.first : outcome.last) = report;
  };
  outcome.result = MakeLibTorchTrainer({"cpu", 1})->Train({TinyModel("X"), recipe, data, 1}, hooks);
  return outcome;
}

Outcome Train(const std::vector<std::string>& keys) {
  return TrainOn(ToyDataset(384, 96), With(keys));
}

// Squares to train on and a test split that must not be looked at.
class NoTestSplit : public ToyDataset {
 public:
  NoTestSplit() : ToyDataset(480, 96) {}
  Image Load(Split split, int64_t index) const override {
    if (split == Split::kTest) throw Error("the test split was read");
    return ToyDataset::Load(split, index);
  }
};

// Bytes of address space in use.
uint64_t AddressSpace() {
  uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * 4096;
}

// For its scope this process may grow by so many bytes.
class MemoryLimit {
 public:
  explicit MemoryLimit(uint64_t growth) {
    getrlimit(RLIMIT_AS, &before_);
    const rlimit limit{AddressSpace() + growth, before_.rlim_max};
    setrlimit(RLIMIT_AS, &limit);
  }
  ~MemoryLimit() { setrlimit(RLIMIT_AS, &before_); }

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("Every key that changes the training does so, and networks still learn") {
  const Outcome plain = Train({});
  REQUIRE(plain.result.error < 10);
  const std::vector<std::string> keys[] = {{"nesterov=false"},
                                           {"momentum=0.5"},
                                           {"weight_decay=0.01"},
                                           {"weight_decay_norm=0.1"},
                                           {"weight_decay_bias=1"},
                                           {"label_smoothing=0.1"},
                                           {"mixup=0.2"},
                                           {"ema_decay=0.8"},
                                           {"drop_path=0.1"},
                                           {"dropout=0.2"},
                                           {"grad_clip=0.5"},
                                           {"zero_init_gamma=true"},
                                           {"precision=bf16"},
                                           {"augment=cifar"},
                                           {"auto_augment=true", "epochs=8"},
                                           {"precise_bn_images=0"},
                                           {"schedule=constant"},
                                           {"warmup_epochs=1"},
                                           {"optimizer=rmsprop", "lr=0.01"},
                                           {"optimizer=adamw", "lr=0.01"}};
  for (const auto& changed : keys) {
    CAPTURE(changed);
    const Outcome outcome = Train(changed);
    REQUIRE(outcome.result.outcome == TrainingOutcome::kDone);
    CHECK(outcome.result.best_error < 34);  // guessing: 67
    CHECK(outcome.last.test_loss != plain.last.test_loss);
  }
}

TEST_CASE("An average of weights that forgets at once is the weights, a slow one is the start") {
  const Outcome plain = Train({});
  // The last step's weights but for one rounding.
  CHECK(*Train({"ema_decay=1e-9"}).last.test_loss == Approx(*plain.last.test_loss).epsilon(1e-3));
  // 48 steps move it by less than a hundredth of the way; its loss is that of guessing, ln 3.
  CHECK(*Train({"ema_decay=0.9999"}).last.test_loss == Approx(std::log(3.0)).margin(0.2));
}

TEST_CASE("Gradients below the limit are left alone, others are scaled down to it") {
  const Outcome plain = Train({});
  CHECK(Train({"grad_clip=1e6"}).last.test_loss == plain.last.test_loss);
  const Outcome still = Train({"grad_clip=1e-6", "weight_decay=0"});
  CHECK(*still.last.train_loss == Approx(*still.first.train_loss).margin(0.05));
}

TEST_CASE("bf16 keeps near fp32") {
  const Outcome plain = Train({}), half = Train({"precision=bf16"});
  CHECK(*half.first.train_loss == Approx(*plain.first.train_loss).epsilon(0.05));
}

TEST_CASE("With a validation split the test split is not touched") {
  const NoTestSplit data;
  CHECK_THROWS_WITH(TrainOn(data, BaseRecipe()), Catch::Contains("the test split was read"));
  const Outcome outcome = TrainOn(data, With({"val_images=96"}));
  REQUIRE(outcome.result.outcome == TrainingOutcome::kDone);
  CHECK(outcome.result.error < 20);
}

// Run in a process of its own (hidden here): memory that earlier tests freed and the heap kept
// would not count.
TEST_CASE("A batch that does not fit into memory is trained in parts, and the result says so",
          "[.own-process]") {
  // About 60 MB an image.
  const Model model = ModelOf(R"({"type":"anynet","block":"V","stem":"cifar","stem_width":16,
    "resolution":256,"classes":3,"depths":[2],"widths":[16],"strides":[1]})");
  const ToyDataset data(64, 8);
  const Recipe recipe = With({"epochs=1", "precise_bn_images=0"});
  const auto trainer = MakeLibTorchTrainer({"cpu", 1});
  const Recipe small = With({"epochs=1", "precise_bn_images=0", "batch_size=2"});
  const ToyDataset two(2, 2);
  REQUIRE(trainer->Train({model, small, two, 1}, {}).outcome == TrainingOutcome::kDone);
  const MemoryLimit limit(600'000'000);
  const TrainingResult result = trainer->Train({model, recipe, data, 1}, {});
  INFO(result.message);
  REQUIRE(result.outcome == TrainingOutcome::kDone);
  REQUIRE(result.micro_batch);
  CHECK(*result.micro_batch < 32);
  CHECK(*result.micro_batch >= 2);
}

}  // namespace dse::recipe_keys_test
