#include <catch2/catch.hpp>
#include <filesystem>

#include "core/error.h"
#include "core/hash.h"
#include "runner/data/batches.h"
#include "runner/data/dataset.h"
#include "runner/data/folder.h"
#include "runner/data/folder_listing.h"
#include "tests/runner/data/images/jpeg_writer.h"
#include "tests/support/temp_folder.h"

namespace dse::test_images_test {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using Names = std::vector<std::string>;

// An image in each of the classes; all of one split have the same colour.
void WriteClasses(const TempFolder& folder, const std::string& place, const Names& classes,
                  int red = 100) {
  for (const std::string& name : classes) {
    folder.Write(place + "/" + name + "/1.jpg", EncodeRgb(Plain(8, 8, red, 20, 30)));
  }
}

std::unique_ptr<Dataset> OpenTests(const TempFolder& folder, const TestWish& wish = {}) {
  return OpenTestImages("folder:" + folder.path(), wish, 2);
}

std::string SplitOf(const TempFolder& folder, const TestWish& wish = {}) {
  return OpenTests(folder, wish)->info().test_split;
}

}  // namespace

TEST_CASE("images to test on are opened without a training folder, or with a broken one") {
  const TempFolder folder;
  WriteClasses(folder, "val", {"cat", "dog"});
  const auto data = OpenTests(folder);
  CHECK(data->info().class_names == Names{"cat", "dog"});
  CHECK(data->info().test_split == "val");
  CHECK(data->Size(Split::kTest) == 2);
  CHECK(data->Size(Split::kTrain) == 0);
  const std::string alone = data->info().fingerprint;

  folder.Write("train/cat/broken.jpg", "no image");
  const auto beside = OpenTests(folder);
  CHECK(beside->info().corrupt_images == 0);
  CHECK(beside->info().fingerprint == alone);

  BatchOptions options;
  options.batch_size = 128;
  CHECK_THROWS_AS(BatchReader(*data, options), Error);
  options.tests_only = true;
  BatchReader reader(*data, options);
  Batch batch;
  reader.ReadTest(0, batch);
  CHECK(batch.labels == std::vector<int64_t>{0, 1});
}

TEST_CASE("a folder of class folders is images to test on by itself") {
  const TempFolder folder;
  WriteClasses(folder, ".", {"cat", "dog"});
  CHECK(OpenTests(folder)->info().class_names == Names{"cat", "dog"});
  WriteClasses(folder, "train", {"cat", "dog"});
  CHECK_THROWS_WITH(OpenTests(folder), Contains("--split train tests on train/"));
}

TEST_CASE("the split that is tested can be named, and is told in the fingerprint by its contents") {
  const TempFolder folder;
  WriteClasses(folder, "train", {"cat", "dog"});
  WriteClasses(folder, "test", {"cat", "dog"});
  folder.Write("train/cat/2.jpg", EncodeRgb(Plain(8, 8, 1, 2, 3)));
  CHECK(SplitOf(folder) == "test");
  const auto train = OpenTests(folder, {"train", {}});
  CHECK(train->info().test_split == "train");
  CHECK(train->Size(Split::kTest) == 3);
  CHECK(train->info().fingerprint != OpenTests(folder)->info().fingerprint);
  CHECK_THROWS_WITH(OpenTests(folder, {"val", {}}), Contains("/val: there is no such folder"));
}

TEST_CASE("training tests on val where test has other classes or none, and says so") {
  const TempFolder folder;
  WriteClasses(folder, "train", {"cat", "dog"});
  WriteClasses(folder, "val", {"cat", "dog"});
  const std::string uri = "folder:" + folder.path();
  CHECK(OpenDataset(uri, 1)->info().notes.empty());
  WriteClasses(folder, "test", {"images"});
  const auto passed = OpenDataset(uri, 1);
  CHECK(passed->info().test_split == "val");
  REQUIRE(passed->info().notes.size() == 1);
  CHECK(passed->info().notes[0] ==
        uri + ": testing on val/; test/ is passed over: it has other classes ('images')");
  fs::remove_all(folder / "test/images");
  folder.Write("test/1.JPEG", "a file without a class");
  const auto flat = OpenDataset(uri, 1);
  CHECK(flat->info().test_split == "val");
  CHECK_THAT(flat->info().notes.at(0), Contains("it has no class folders"));
  fs::remove_all(folder / "val/cat");
  fs::remove(folder / "test/1.JPEG");
  WriteClasses(folder, "test", {"cow"});
  CHECK_THROWS_WITH(OpenDataset(uri, 1), Contains("the class 'cat' is in " + folder / "train"));
}

TEST_CASE("a test alone takes the folder whose classes are the network's, or those of train") {
  const TempFolder folder;
  WriteClasses(folder, "test", {"part1", "part2"});
  WriteClasses(folder, "val", {"cat", "dog"});
  CHECK(SplitOf(folder, {"", {"ant", "cat", "dog"}}) == "val");
  CHECK(OpenTests(folder, {"", {"ant", "cat", "dog"}})->info().notes.at(0) ==
        "folder:" + folder.path() +
            ": testing on val/; test/ is passed over: it has other classes ('part1')");
  CHECK(SplitOf(folder) == "test");  // nothing tells the two apart
  WriteClasses(folder, "train", {"cat", "dog"});
  CHECK(SplitOf(folder) == "val");
}

TEST_CASE("where nothing else tells, a test alone takes the folder with several classes") {
  const TempFolder folder;
  WriteClasses(folder, "test", {"images"});
  WriteClasses(folder, "val", {"0", "1"});
  CHECK(SplitOf(folder, {"", {"cat", "dog"}}) == "val");
  fs::create_directory(folder / "test/labels");
  CHECK(SplitOf(folder) == "val");
}

TEST_CASE("class folders that are numbers are in the order of the numbers") {
  const TempFolder folder;
  WriteClasses(folder, "val", {"0", "1", "2", "10", "11"});
  const auto data = OpenTests(folder);
  CHECK(data->info().class_names == Names{"0", "1", "2", "10", "11"});
  CHECK(data->Name(Split::kTest, 2) == "2/1.jpg");
  CHECK(data->Label(Split::kTest, 3) == 3);
  CHECK(data->Name(Split::kTest, 3) == "10/1.jpg");
}

TEST_CASE("numbered folders are found by the fingerprint that older versions gave them") {
  const TempFolder folder;
  WriteClasses(folder, "train", {"0", "2", "10"});
  WriteClasses(folder, "test", {"0", "2", "10"});
  // Of what version 0.1.0 hashed, written out.
  const DatasetInfo info = OpenDataset("folder:" + folder.path(), 1)->info();
  CHECK(info.old_fingerprint ==
        ShortHash("folder\n3\n0\n10\n2\n3\ntrain/0/1.jpg\ntrain/10/1.jpg\ntrain/2/1.jpg\n"
                  "3\ntest/0/1.jpg\ntest/10/1.jpg\ntest/2/1.jpg\n"));
}

TEST_CASE("the training images of the other kinds of dataset can be tested on") {
  const auto train = OpenTestImages("synthetic", {"train", {}}, 2);
  const auto whole = OpenDataset("synthetic", 2);
  CHECK(train->Size(Split::kTest) == 4000);
  CHECK(train->Size(Split::kTrain) == 0);
  CHECK(train->info().test_images == 4000);
  CHECK(train->info().fingerprint != whole->info().fingerprint);
  CHECK(train->Load(Split::kTest, 7).pixels == whole->Load(Split::kTrain, 7).pixels);
  CHECK(train->Label(Split::kTest, 7) == whole->Label(Split::kTrain, 7));
  CHECK(OpenTestImages("synthetic", {"test", {}}, 2)->info().fingerprint ==
        whole->info().fingerprint);
  CHECK_THROWS_WITH(OpenTestImages("synthetic", {"val", {}}, 2), Contains("has no split val"));
}

}  // namespace dse::test_images_test
