#include "runner/data/corrupt_images.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "core/error.h"
#include "runner/data/pack_writer.h"
#include "tests/runner/data/numbered_images.h"
#include "tests/support/temp_folder.h"

namespace dse::corrupt_images_test {
namespace {

// Some of whose images are corrupt.
class CorruptAt : public NumberedImages {
 public:
  CorruptAt(int train, int test, std::set<int64_t> train_bad, std::set<int64_t> test_bad)
      : NumberedImages(train, test, 32),
        train_bad_(std::move(train_bad)),
        test_bad_(std::move(test_bad)) {}
  Image Load(Split split, int64_t index) const override {
    if ((split == Split::kTrain ? train_bad_ : test_bad_).contains(index)) {
      throw CorruptImage("image " + std::to_string(index));
    }
    return NumberedImages::Load(split, index);
  }

 private:
  std::set<int64_t> train_bad_, test_bad_;
};

bool GoOn(int64_t, int64_t) { return true; }

}  // namespace

TEST_CASE("in training the next sound image takes the place of a corrupt one") {
  const NumberedImages sound(20, 5, 32);
  const CorruptAt data(20, 5, {3, 4, 19}, {});
  BatchOptions options = Options(5);
  options.threads = GENERATE(1, 3);
  BatchReader expected(sound, options), reader(data, options);
  for (const int epoch : {0, 1, 0}) {
    std::vector<int> wanted = Epoch(expected, epoch);
    for (int& number : wanted) {
      if (number == 3 || number == 4) number = 5;
      if (number == 19) number = 0;
    }
    CHECK(Epoch(reader, epoch) == wanted);
  }
}

TEST_CASE("what takes the place of a corrupt image is no image that is held out") {
  // All but the images held out are corrupt, and one.
  BatchOptions options = Options(2);
  options.val_images = 4;
  const NumberedImages sound(10, 5, 32);
  BatchReader whole(sound, options);
  const std::set<int> held_out = AsSet(TestPass(whole));
  std::set<int64_t> bad;
  int left = -1;
  for (int i = 0; i < 10; ++i) {
    if (held_out.contains(i)) continue;
    if (left < 0) {
      left = i;
    } else {
      bad.insert(i);
    }
  }
  const CorruptAt data(10, 5, bad, {});
  BatchReader reader(data, options);
  CHECK(AsSet(Epoch(reader, 0)) == std::set<int>{left});
  CHECK(AsSet(TestPass(reader)) == held_out);
}

TEST_CASE("corrupt test images are not counted: their batch gets shorter, or empty") {
  const CorruptAt data(4, 11, {}, {0, 4, 5, 6, 7, 9});
  BatchOptions options = Options(4);
  options.threads = GENERATE(1, 3);
  BatchReader reader(data, options);
  CHECK(reader.TestImages() == 11);
  CHECK(reader.TestBatches() == 3);
  Batch batch;
  const auto read = [&](int64_t step) {
    reader.ReadTest(step, batch);
    CHECK(batch.labels.size() == static_cast<size_t>(batch.size));
    CHECK(batch.pixels.size() == static_cast<size_t>(batch.size) * 32 * 32 * 3);
    return batch.size == 0 ? std::vector<int>{} : Numbers(batch);
  };
  CHECK(read(0) == std::vector<int>{1, 2, 3});
  CHECK(batch.labels == std::vector<int64_t>{1, 0, 1});
  CHECK(read(1).empty());
  CHECK(read(2) == std::vector<int>{8, 10});
  CHECK(read(0) == std::vector<int>{1, 2, 3});
}

TEST_CASE("a set without one sound image ends in an error") {
  const CorruptAt data(4, 3, {0, 1, 2, 3}, {0, 1, 2});
  BatchReader reader(data, Options(2));
  Batch batch;
  CHECK_THROWS_WITH(reader.ReadTrain(0, 0, batch),
                    Catch::Contains("none of the 4 training images can be decoded"));
  reader.ReadTest(0, batch);
  CHECK(batch.size == 0);
  CHECK_THROWS_WITH(CheckTested(data, 0),
                    Catch::Contains("none of the images to test on can be decoded"));
  CHECK_NOTHROW(CheckTested(data, 1));
}

TEST_CASE("a few damaged payloads of a pack are left out, counted and named") {
  const TempFolder folder;
  const std::string path = folder / "p";
  const auto source = OpenDataset("synthetic", 1);
  WritePack(*source, path, {}, GoOn);
  constexpr int kImage = 32 * 32 * 3;
  {
    std::fstream shard(path + ".0000", std::ios::binary | std::ios::in | std::ios::out);
    for (const int image : {7, 4002}) {  // training image 7 and test image 2
      shard.seekp(16 + image * kImage);
      for (int i = 0; i < 8; ++i) shard.put(static_cast<char>(i));
    }
  }
  const auto pack = OpenDataset("pack:" + path, 1);
  ReadScratch scratch;
  const ChooseCut choose = [](int, int) { return Cut{{0, 0, 2, 2}, 2, 2, {0, 0, 2, 2}, false}; };
  CHECK_THROWS_AS(pack->LoadCut(Split::kTrain, 7, choose, scratch), CorruptImage);
  CHECK_NOTHROW(pack->LoadCut(Split::kTrain, 8, choose, scratch));
  BatchOptions options;
  options.batch_size = 500;
  BatchReader damaged(*pack, options), whole(*source, options);
  Batch batch, wanted;
  damaged.ReadTest(0, batch);
  whole.ReadTest(0, wanted);
  REQUIRE(batch.size == 499);
  wanted.pixels.erase(wanted.pixels.begin() + 2 * kImage, wanted.pixels.begin() + 3 * kImage);
  const bool same = batch.pixels == wanted.pixels;
  CHECK(same);
  const CorruptSummary found = pack->FoundCorrupt();
  CHECK(found.count == 2);
  REQUIRE(found.names.size() == 2);
  CHECK_THAT(found.names[0], Catch::Contains("p.0000: training image '7' at byte "));
  CHECK_THAT(found.names[1], Catch::Contains("p.0000: test image '2' at byte "));
  // Packing leaves them out too.
  const PackSummary summary = WritePack(*pack, folder / "again", {}, GoOn);
  CHECK(summary.train_images == 3999);
  CHECK(summary.test_images == 999);
}

}  // namespace dse::corrupt_images_test
