#include <catch2/catch.hpp>

#include "core/hash.h"
#include "runner/torch/device_probes.h"
#include "runner/torch/probes.h"
#include "runner/training/checkpoint.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_model.h"
#include "tests/support/toy_dataset.h"
#include "tests/torch/short_recipe.h"
#include "tests/torch/torch_trainer.h"

namespace dse::precision_test {

TEST_CASE("Pooling and the last layer keep full precision under bf16") {
  for (const std::string block : {"X", "MBConv"}) {
    CAPTURE(block);
    const probe::Bf16Logits logits = probe::LogitsInBf16(TinyModel(block), 16);
    CHECK(logits.full_precision);
    // A logit rounded to bf16 would be none of its 8 bits away.
    CHECK(logits.distance > 1e-4 * logits.largest);
  }
}

TEST_CASE("A training tells the precision that the recipe's word meant") {
  const ToyDataset data(96, 32);
  const Model model = TinyModel("X");
  for (const auto& [word, meant] :
       std::vector<std::pair<Precision, std::string>>{{Precision::kFp32, "fp32"},
                                                      {Precision::kAuto, "fp32"},
                                                      {Precision::kTf32, "fp32"},
                                                      {Precision::kBf16, "bf16"}}) {
    Recipe recipe = ShortRecipe(1);
    recipe.precision = word;
    CHECK(MakeLibTorchTrainer({"cpu", 1})->Train({model, recipe, data, 1}, {}).precision == meant);
  }
}

TEST_CASE("The precision belongs to a checkpoint's key, and that of fp32 is as it always was") {
  const ToyDataset data(96, 32);
  const Model model = TinyModel("X");
  Recipe recipe = ShortRecipe(1);
  recipe.precision = Precision::kAuto;
  const TrainingJob job{model, recipe, data, 7};
  const auto key = [&](Precision precision) { return OwnerOfCheckpoint(job, precision).key; };
  const std::string fp32 = key(Precision::kFp32);
  CHECK(fp32 == ShortHash(ModelHash(model) + RecipeHash(recipe) + data.info().fingerprint + "7"));
  CHECK(key(Precision::kBf16) != fp32);
  CHECK(key(Precision::kTf32) != key(Precision::kBf16));
}

TEST_CASE("Weights are tested in the recipe's precision, not in that of the training before") {
  const TempFolder folder;
  const ToyDataset data(96, 32);
  const Model model = TinyModel("X");
  const Recipe recipe = ShortRecipe(1);
  TrainingJob job{model, recipe, data, 1};
  job.files.weights = folder / "weights.safetensors";
  const auto trainer = MakeLibTorchTrainer({"cpu", 1});
  REQUIRE(trainer->Train(job, {}).outcome == TrainingOutcome::kDone);
  probe::AllowTf32(true);  // as a training in tf32 leaves it
  const ClassMap map = OwnClasses(data);
  trainer->Evaluate({model, recipe, data, map, job.files.weights});
  CHECK_FALSE(probe::Tf32Allowed());
}

TEST_CASE("What is trained in parts is tested in parts, with the same result") {
  const TempFolder folder;
  const ToyDataset data(96, 45);  // the last batch does not divide evenly
  const Model model = TinyModel("Y");
  Recipe recipe = ShortRecipe(1);
  TrainingJob job{model, recipe, data, 3};
  job.files.weights = folder / "weights.safetensors";
  REQUIRE(MakeLibTorchTrainer({"cpu", 1})->Train(job, {}).outcome == TrainingOutcome::kDone);

  CHECK(probe::LargestConvolution([&] { probe::TrainDivided(model, recipe, data, {1, 4}); }) == 8);
  CHECK(probe::LargestConvolution([&] { probe::TrainDivided(model, recipe, data, {2, 2}); }) == 8);

  const ClassMap map = OwnClasses(data);
  const EvaluationJob test{model, recipe, data, map, job.files.weights};
  const EvaluationResult whole = probe::EvaluateInParts(test, 1);
  for (const int parts : {2, 5, 32}) {
    CAPTURE(parts);
    EvaluationResult divided;
    CHECK(probe::LargestConvolution([&] { divided = probe::EvaluateInParts(test, parts); }) ==
          (32 + parts - 1) / parts);
    CHECK(divided.images == 45);
    CHECK(divided.error == whole.error);
    // Sums of 45 losses in another order.
    CHECK(divided.loss == Approx(whole.loss).epsilon(1e-5));
  }
}

}  // namespace dse::precision_test
