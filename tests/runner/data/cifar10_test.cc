#include "runner/data/cifar10.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "core/error.h"
#include "tests/support/temp_folder.h"

namespace dse::cifar10_test {
namespace {

using Catch::Matchers::Contains;

// A record whose red plane counts up, whose green plane holds the label and whose blue is 200.
std::string Record(int label) {
  std::string record(1, static_cast<char>(label));
  for (int i = 0; i < 1024; ++i) record += static_cast<char>(i % 251);
  record.append(1024, static_cast<char>(label));
  record.append(1024, static_cast<char>(200));
  return record;
}

std::string Name(int batch) { return "data_batch_" + std::to_string(batch) + ".bin"; }

// Five training batches of two images, labels 1, 2, 2, 3, .. 5, 6, and one test image of label 9.
void WriteBatches(const TempFolder& folder, const std::string& place = "") {
  for (int i = 1; i <= 5; ++i) folder.Write(place + Name(i), Record(i) + Record(i + 1));
  folder.Write(place + "test_batch.bin", Record(9));
}

}  // namespace

TEST_CASE("CIFAR-10 batches give their pixels and labels exactly, in the order of the files") {
  const TempFolder folder;
  WriteBatches(folder);
  const auto data = OpenDataset("cifar10:" + folder.path() + "/", 1);
  CHECK(data->info().train_images == 10);
  CHECK(data->info().test_images == 1);
  CHECK(data->info().class_names[9] == "truck");
  CHECK(data->Label(Split::kTrain, 9) == 6);
  CHECK(data->Label(Split::kTest, 0) == 9);
  for (int64_t index = 0; index < 10; ++index) {
    const int label = static_cast<int>(1 + index / 2 + index % 2);
    CHECK(data->Label(Split::kTrain, index) == label);
    const Image image = data->Load(Split::kTrain, index);
    REQUIRE(image.height == 32);
    REQUIRE(image.pixels.size() == 3072);
    int wrong = 0;
    for (size_t i = 0; i < 1024; ++i) {
      wrong += image.pixels[3 * i] != i % 251 || image.pixels[3 * i + 1] != label ||
               image.pixels[3 * i + 2] != 200;
    }
    CHECK(wrong == 0);
  }
  // The green plane is 1, 2, 2, 3, 3, 4, 4, 5, 5, 6: mean 3.5.
  CHECK(data->info().mean[1] == Approx(3.5 / 255));
  CHECK(data->info().mean[2] == Approx(200.0 / 255));
}

TEST_CASE("CIFAR-10 is found in the folder its archive makes, and is the same set there") {
  const TempFolder flat, archive;
  WriteBatches(flat);
  WriteBatches(archive, "cifar-10-batches-bin/");
  const auto first = OpenDataset("cifar10:" + flat.path(), 1);
  const auto second = OpenDataset("cifar10:" + archive.path(), 1);
  CHECK(first->info().fingerprint == second->info().fingerprint);
  flat.Write(Name(3), Record(0));
  CHECK(OpenDataset("cifar10:" + flat.path(), 1)->info().fingerprint != first->info().fingerprint);
}

// Both by Python's hashlib.
TEST_CASE("the fingerprint of CIFAR-10 covers every byte of its batches, the old one only counts") {
  const TempFolder folder;
  WriteBatches(folder);
  const DatasetInfo before = OpenDataset("cifar10:" + folder.path(), 1)->info();
  CHECK(before.fingerprint == "6a05d759d7c2f30a");
  CHECK(before.old_fingerprint == "8c1eb456ee8a868c");
  std::string batch = Record(4) + Record(5);
  SECTION("a label") { batch[0] = 7; }
  SECTION("a pixel") { batch.back() ^= 1; }
  folder.Write(Name(4), batch);
  const DatasetInfo after = OpenDataset("cifar10:" + folder.path(), 1)->info();
  CHECK(after.fingerprint != before.fingerprint);
  CHECK(after.old_fingerprint == before.old_fingerprint);
}

TEST_CASE("CIFAR-10's test batch is enough to test on, and its training batches are") {
  const TempFolder folder;
  folder.Write("test_batch.bin", Record(9) + Record(3));
  const std::string uri = "cifar10:" + folder.path();
  const auto test = OpenTestImages(uri, {}, 1);
  CHECK(test->Size(Split::kTest) == 2);
  CHECK(test->Size(Split::kTrain) == 0);
  CHECK(test->Label(Split::kTest, 1) == 3);
  CHECK_THROWS_WITH(OpenTestImages(uri, {"train", {}}, 1), Contains("has no data_batch_1.bin"));
  WriteBatches(folder);
  std::filesystem::remove(folder / "test_batch.bin");
  const auto train = OpenTestImages(uri, {"train", {}}, 1);
  CHECK(train->Size(Split::kTest) == 10);
  CHECK(train->info().test_split == "train");
  CHECK(train->info().fingerprint != test->info().fingerprint);
  CHECK_THROWS_WITH(OpenTestImages(uri, {}, 1), Contains("has no test_batch.bin"));
}

TEST_CASE("the class names of CIFAR-10 come from its own file where there is one") {
  const TempFolder folder;
  WriteBatches(folder);
  folder.Write("batches.meta.txt", "a\nb\nc\nd\ne\r\nf\ng\nh\ni\nj\n\n");
  const auto data = OpenDataset("cifar10:" + folder.path(), 1);
  CHECK(data->info().class_names[4] == "e");
  CHECK(data->info().classes() == 10);
  folder.Write("batches.meta.txt", "a\nb\na\n");
  CHECK_THROWS_WITH(OpenDataset("cifar10:" + folder.path(), 1),
                    Contains("batches.meta.txt: line 3: names the class 'a' a second time"));
  folder.Write("batches.meta.txt", "a\nb\n");
  CHECK_THROWS_WITH(OpenDataset("cifar10:" + folder.path(), 1), Contains("names 2 classes"));
}

TEST_CASE("a broken CIFAR-10 file is named with the position") {
  const TempFolder folder;
  const std::string uri = "cifar10:" + folder.path();
  CHECK_THROWS_WITH(OpenDataset(uri, 1), Contains("has no data_batch_1.bin"));
  WriteBatches(folder);
  folder.Write(Name(2), Record(1) + Record(10));
  CHECK_THROWS_WITH(OpenDataset(uri, 1),
                    Contains("data_batch_2.bin: byte 3073, the label of image 1, is 10"));
  folder.Write(Name(2), Record(1) + Record(2).substr(0, 100));
  CHECK_THROWS_WITH(OpenDataset(uri, 1), Contains("ends within image 1, at byte 3173"));
  folder.Write(Name(2), "");
  CHECK_THROWS_WITH(OpenDataset(uri, 1), Contains("ends within image 0, at byte 0"));
  std::filesystem::remove(folder / Name(2));
  CHECK_THROWS_WITH(OpenDataset(uri, 1), Contains("data_batch_2.bin: cannot be read"));
  std::string long_batch;
  for (int i = 0; i < 10001; ++i) long_batch += Record(0);
  folder.Write(Name(2), long_batch);
  CHECK_THROWS_WITH(OpenDataset(uri, 1), Contains("longer than the 10000 images"));
}

}  // namespace dse::cifar10_test
