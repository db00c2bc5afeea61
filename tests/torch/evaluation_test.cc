#include <catch2/catch.hpp>

#include "core/error.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_model.h"
#include "tests/support/toy_dataset.h"
#include "tests/torch/torch_trainer.h"

namespace dse::evaluation_test {
namespace {

// The test images of some of the toy's classes, as classes of their own from 0 on.
class SomeClasses : public Dataset {
 public:
  explicit SomeClasses(const std::vector<int>& kept, int label_offset = 0)
      : kept_(kept), offset_(label_offset), info_(whole_.info()) {
    info_.class_names.clear();
    for (const int label : kept) {
      info_.class_names.push_back(whole_.info().class_names[static_cast<size_t>(label)]);
    }
    info_.train_images = 0;
    info_.test_images = Size(Split::kTest);
  }
  const DatasetInfo& info() const override { return info_; }
  int64_t Size(Split split) const override {
    return split == Split::kTrain ? 0 : 32 * static_cast<int64_t>(kept_.size());
  }
  int Label(Split, int64_t index) const override {
    return static_cast<int>(index % static_cast<int64_t>(kept_.size())) + offset_;
  }
  Image Load(Split split, int64_t index) const override {
    const auto classes = static_cast<int64_t>(kept_.size());
    return whole_.Load(split, 3 * (index / classes) + kept_[static_cast<size_t>(index % classes)]);
  }

 private:
  ToyDataset whole_{384, 96};
  std::vector<int> kept_;
  int offset_;
  DatasetInfo info_;
};

// A network that tells red, green and blue squares apart, with its weights in a file.
class ToyWeights {
 public:
  ToyWeights() {
    recipe_.epochs = 4;
    recipe_.batch_size = 32;
    recipe_.lr = 0.2;
    recipe_.augment = Augment::kNone;
    recipe_.precise_bn_images = 128;
    const ToyDataset data(384, 96);
    TrainingJob job{model_, recipe_, data, 1};
    job.files.weights = path();
    REQUIRE(trainer_->Train(job, {}).error < 10);
  }
  std::string path() const { return folder_ / "w.safetensors"; }
  EvaluationResult Test(const Dataset& data, const ClassMap& map) {
    return trainer_->Evaluate({model_, recipe_, data, map, path()});
  }

 private:
  TempFolder folder_;
  Model model_ = TinyModel("X");
  Recipe recipe_;
  std::unique_ptr<Trainer> trainer_ = MakeLibTorchTrainer({"cpu", 2});
};

}  // namespace

TEST_CASE("A test of weights follows the map from classes to outputs") {
  ToyWeights weights;
  const SomeClasses all({0, 1, 2}), turned({2, 0, 1}), two({2, 0});
  const EvaluationResult straight = weights.Test(all, {{0, 1, 2}, {0, 1, 2}, 3});
  CHECK(straight.error < 10);
  CHECK(straight.images == 96);
  const EvaluationResult same = weights.Test(turned, {{2, 0, 1}, {0, 1, 2}, 3});
  CHECK(same.error == straight.error);
  CHECK(same.loss == Approx(straight.loss));
  CHECK(weights.Test(turned, {{0, 1, 2}, {0, 1, 2}, 3}).error > 90);  // as by order
  // Over two outputs the third cannot be the answer, nor has it a part in the loss.
  const EvaluationResult some = weights.Test(two, {{2, 0}, {0, 2}, 3});
  CHECK(some.images == 64);
  CHECK(some.error < 10);
  CHECK(some.loss < straight.loss * 2);
  // Two classes that are one output, and another: red and green against blue.
  CHECK(weights.Test(all, {{0, 0, 2}, {0, 2}, 3}).images == 96);
}

TEST_CASE("A map or a label that contradicts the network is an error and no number") {
  ToyWeights weights;
  const SomeClasses all({0, 1, 2}), beyond({0, 1, 2}, 1);
  CHECK_THROWS_WITH(weights.Test(all, {{0, 1}, {0, 1}, 3}), Catch::Contains("contradicts"));
  CHECK_THROWS_WITH(weights.Test(all, {{0, 1, 3}, {0, 1, 3}, 3}), Catch::Contains("contradicts"));
  CHECK_THROWS_WITH(weights.Test(all, {{0, 1, 2}, {0, 1, 2}, 4}), Catch::Contains("contradicts"));
  CHECK_THROWS_WITH(weights.Test(beyond, {{0, 1, 2}, {0, 1, 2}, 3}),
                    Catch::Contains("the label 3 of 3 classes"));
}

TEST_CASE(
    "A training whose weights cannot have the names wanted is refused before its first step") {
  const ToyDataset data(384, 96);
  const Model model = TinyModel("Basic");
  const Recipe recipe;
  TrainingJob job{model, recipe, data, 1};
  job.files.weights = "/nowhere/w.safetensors";
  job.files.names = WeightNames::kTimm;
  TrainingHooks hooks;
  int asked = 0;
  hooks.should_stop = [&] { return ++asked > 0; };
  CHECK_THROWS_WITH(MakeLibTorchTrainer({"cpu", 1})->Train(job, hooks),
                    Catch::Contains("has no names in timm"));
  CHECK(asked == 0);
}

}  // namespace dse::evaluation_test
