#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "core/rng.h"
#include "runner/data/folder.h"
#include "runner/data/pack_writer.h"
#include "tests/runner/data/images/jpeg_writer.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_model.h"
#include "tests/support/toy_dataset.h"
#include "tests/torch/short_recipe.h"
#include "tests/torch/torch_trainer.h"

namespace dse::corrupt_images_test {
namespace {

// The toy images, of whose test images only the first `sound` are.
class HalfSound : public ToyDataset {
 public:
  HalfSound(int64_t train, int64_t test, int64_t sound) : ToyDataset(train, test), sound_(sound) {}
  Image Load(Split split, int64_t index) const override {
    if (split == Split::kTest && index >= sound_) throw CorruptImage("toy image");
    return ToyDataset::Load(split, index);
  }

 private:
  int64_t sound_;
};

// 120 pictures of 16 px in three classes, in files.
void WritePictures(const TempFolder& folder) {
  const ToyDataset toy(108, 12);
  for (const Split split : {Split::kTrain, Split::kTest}) {
    for (int64_t i = 0; i < toy.Size(split); ++i) {
      folder.Write(std::string(split == Split::kTrain ? "train/" : "test/") + "rgb"[i % 3] + "/" +
                       std::to_string(i) + ".jpg",
                   EncodeRgb(toy.Load(split, i)));
    }
  }
}

// A progressive file in which one sector has been overwritten.
std::string Damaged() {
  RandomStream random(1, 1);
  Image noise{96, 96, std::vector<uint8_t>(96 * 96 * 3)};
  for (uint8_t& value : noise.pixels) value = static_cast<uint8_t>(random.Below(256));
  std::string bytes = EncodeAs({3, 2, 2, true}, 96, 96, noise.pixels);
  for (size_t k = 0; k < 512; ++k) {
    bytes[bytes.size() / 2 + k] = static_cast<char>(random.Below(256));
  }
  return bytes;
}

void CheckTrains(const Dataset& data) {
  const Model model = TinyModel("X");
  const Recipe recipe = ShortRecipe(2);
  for (const uint64_t seed : {1, 2, 3}) {
    const TrainingResult result =
        MakeLibTorchTrainer({"cpu", 2})->Train({model, recipe, data, seed}, {});
    CHECK(result.outcome == TrainingOutcome::kDone);
  }
}

}  // namespace

TEST_CASE("Corrupt test images are not counted in errors and losses") {
  const Model model = TinyModel("X");
  const Recipe recipe = ShortRecipe(2);
  const TempFolder folder;
  for (const int replicas : {1, 2}) {
    for (const int64_t sound : {90, 64, 1}) {  // a shorter batch, none in the last, one in all
      CAPTURE(replicas, sound);
      const HalfSound data(96, 96, sound);
      const ToyDataset expected(96, sound);
      TrainerOptions options{"cpu", 2, replicas};
      std::vector<EpochRecord> reports, wanted;
      TrainingHooks hooks, wanted_hooks;
      hooks.on_epoch = [&](const EpochRecord& report) { reports.push_back(report); };
      wanted_hooks.on_epoch = [&](const EpochRecord& report) { wanted.push_back(report); };
      TrainingJob job{model, recipe, data, 1};
      job.files.weights = folder / "weights.safetensors";
      const auto trainer = MakeLibTorchTrainer(options);
      CHECK(trainer->Train(job, hooks).outcome == TrainingOutcome::kDone);
      trainer->Train({model, recipe, expected, 1}, wanted_hooks);
      REQUIRE(reports.size() == 2);
      for (size_t i = 0; i < 2; ++i) {
        CHECK(reports[i].test_error == wanted[i].test_error);
        CHECK(reports[i].test_loss == wanted[i].test_loss);
      }
      const ClassMap map = OwnClasses(data);
      const EvaluationResult tested =
          trainer->Evaluate({model, recipe, data, map, job.files.weights});
      CHECK(tested.images == sound);
      CHECK(tested.error == reports.back().test_error);
    }
  }
}

TEST_CASE("A set whose test images are all corrupt is an error of the machine") {
  const Model model = TinyModel("X");
  const Recipe recipe = ShortRecipe(2);
  const HalfSound data(96, 40, 0);
  try {
    MakeLibTorchTrainer({"cpu", 1})->Train({model, recipe, data, 1}, {});
    FAIL("trained");
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::kMachine);
    CHECK_THAT(error.what(), Catch::Contains("none of the images to test on can be decoded"));
  }
}

TEST_CASE("A folder above the memory bound with one damaged file trains every network") {
  const TempFolder folder;
  WritePictures(folder);
  const std::string bad = folder.Write("train/g/sector.jpg", Damaged());
  const auto data = OpenFolderDataset(folder.path(), 2, 1000);
  REQUIRE(data->info().corrupt_images == 0);
  REQUIRE(data->info().train_images == 109);
  CheckTrains(*data);
  CHECK(data->FoundCorrupt().count == 1);
  CHECK(data->FoundCorrupt().names == std::vector<std::string>{bad});
}

TEST_CASE("A pack with one damaged payload trains every network") {
  const TempFolder folder;
  WritePictures(folder);
  const std::string path = folder / "pictures";
  WritePack(*OpenFolderDataset(folder.path(), 1), path, {}, [](int64_t, int64_t) { return true; });
  {
    std::fstream shard(path + ".0000", std::ios::binary | std::ios::in | std::ios::out);
    shard.seekp(16 + 768 * 50);  // in the image after the first 50
    shard.put('\x7f');
    shard.put('\x7f');
  }
  const auto data = OpenDataset("pack:" + path, 1);
  CheckTrains(*data);
  CHECK(data->FoundCorrupt().count == 1);
}

}  // namespace dse::corrupt_images_test
