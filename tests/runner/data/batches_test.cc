#include "runner/data/batches.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <set>

#include "core/error.h"
#include "runner/data/images/augment.h"
#include "runner/data/images/resize.h"
#include "tests/runner/data/numbered_images.h"

namespace dse::batches_test {
namespace {

// One image whose pixels tell where they were: red is the row, green the column.
class PlaceImage : public NumberedImages {
 public:
  PlaceImage() : NumberedImages(1, 1, 32) {}
  Image Load(Split, int64_t) const override {
    Image image{32, 32, {}};
    for (int y = 0; y < 32; ++y) {
      for (int x = 0; x < 32; ++x) {
        for (int value : {y, x, 200}) image.pixels.push_back(static_cast<uint8_t>(value));
      }
    }
    return image;
  }
};

class OneBadImage : public NumberedImages {
 public:
  explicit OneBadImage(int bad) : NumberedImages(30, 30, 32), bad_(bad) {}
  Image Load(Split split, int64_t index) const override {
    if (index == bad_) throw Error("image " + std::to_string(index) + " is bad");
    return NumberedImages::Load(split, index);
  }

 private:
  int bad_;
};

}  // namespace

TEST_CASE("an epoch deals each image once and drops the last short batch") {
  const NumberedImages data(23, 5, 32);
  BatchReader reader(data, Options(5));
  CHECK(reader.TrainBatches() == 4);
  const std::vector<int> epoch = Epoch(reader, 0);
  CHECK(epoch.size() == 20);
  CHECK(AsSet(epoch).size() == 20);
}

TEST_CASE("labels go with their images") {
  const NumberedImages data(20, 5, 32);
  BatchReader reader(data, Options(20));
  Batch batch;
  reader.ReadTrain(3, 0, batch);
  const std::vector<int> numbers = Numbers(batch);
  for (size_t i = 0; i < numbers.size(); ++i) CHECK(batch.labels[i] == numbers[i] % 2);
}

TEST_CASE("the order depends on seed and epoch alone") {
  const NumberedImages data(40, 5, 32);
  BatchReader reader(data, Options(10)), same(data, Options(10));
  BatchOptions other_seed = Options(10);
  other_seed.seed = 1;
  BatchReader other(data, other_seed);
  const std::vector<int> third = Epoch(reader, 3);
  CHECK(Epoch(reader, 0) != third);
  CHECK(Epoch(reader, 3) == third);
  CHECK(Epoch(same, 3) == third);
  CHECK(Epoch(other, 3) != third);
}

TEST_CASE("a subset depends on the dataset and not on the seed, and larger ones contain it") {
  const NumberedImages data(100, 50, 32);
  BatchOptions options = Options(10);
  options.train_images = 30;
  options.test_images = 7;
  BatchReader reader(data, options);
  options.seed = 9;
  BatchReader other_seed(data, options);
  options.train_images = 60;
  BatchReader larger(data, options);
  const std::set<int> subset = AsSet(Epoch(reader, 0));
  CHECK(subset.size() == 30);
  CHECK(AsSet(Epoch(other_seed, 5)) == subset);
  const std::set<int> superset = AsSet(Epoch(larger, 0));
  CHECK(std::includes(superset.begin(), superset.end(), subset.begin(), subset.end()));
  CHECK(reader.TestImages() == 7);
  options.train_images = 30;
  const NumberedImages renamed(100, 50, 32, "another");
  BatchReader other_data(renamed, options);
  CHECK(AsSet(Epoch(other_data, 0)) != subset);
}

// So that a study that went on over the change of fingerprints has the same images throughout.
TEST_CASE("the subsets of a dataset are those that its old fingerprint chose") {
  const NumberedImages before(100, 50, 32, "old"), after(100, 50, 32, "new", "old");
  BatchOptions options = Options(10);
  options.train_images = 30;
  options.val_images = 20;
  BatchReader then(before, options), now(after, options);
  CHECK(AsSet(Epoch(now, 0)) == AsSet(Epoch(then, 0)));
  CHECK(TestPass(now) == TestPass(then));
}

TEST_CASE("held-out images are tested on, not trained on, and are the same in every run") {
  const NumberedImages data(100, 50, 32);
  BatchOptions options = Options(10);
  options.val_images = 23;
  BatchReader reader(data, options);
  CHECK(reader.TrainImages() == 77);
  CHECK(reader.TestImages() == 23);
  const std::set<int> held_out = AsSet(TestPass(reader)), trained = AsSet(Epoch(reader, 0));
  CHECK(held_out.size() == 23);
  CHECK(*held_out.rbegin() >= 50);  // of the training split: the test split has numbers below 50
  std::set<int> both = AsSet(Epoch(reader, 1));
  both.insert(trained.begin(), trained.end());
  both.insert(held_out.begin(), held_out.end());
  CHECK(both.size() <= 100);
  for (int number : trained) CHECK(held_out.count(number) == 0);
  options.seed = 9;
  BatchReader other_seed(data, options);
  CHECK(AsSet(TestPass(other_seed)) == held_out);
  const NumberedImages renamed(100, 50, 32, "another");
  BatchReader other_data(renamed, options);
  CHECK(AsSet(TestPass(other_data)) != held_out);
}

TEST_CASE("a training subset keeps clear of held-out images") {
  const NumberedImages data(100, 50, 32);
  BatchOptions options = Options(10);
  options.val_images = 40;
  options.train_images = 30;
  BatchReader reader(data, options);
  const std::set<int> held_out = AsSet(TestPass(reader)), trained = AsSet(Epoch(reader, 0));
  CHECK(trained.size() == 30);
  for (int number : trained) CHECK(held_out.count(number) == 0);
  options.train_images = 61;  // more than are left
  BatchReader all(data, options);
  CHECK(all.TrainImages() == 60);
}

TEST_CASE("holding out every training image is an error") {
  const NumberedImages data(100, 50, 32);
  BatchOptions options = Options(10);
  options.val_images = 100;
  CHECK_THROWS_WITH(BatchReader(data, options), Catch::Contains("val_images is 100 of 100"));
  options.val_images = 91;
  CHECK_THROWS_WITH(BatchReader(data, options), Catch::Contains("9 training images"));
}

TEST_CASE("batches are the same on any number of threads and in any order of calls") {
  const auto data = OpenDataset("synthetic", 2);
  BatchOptions options = Options(64, Augment::kImagenet);
  options.train_images = 400;
  BatchReader one(*data, options);
  options.threads = 3;
  BatchReader three(*data, options);
  Batch ordered, batch;
  std::vector<Batch> train, test;
  for (int64_t step = 0; step < 6; ++step) {
    one.ReadTrain(2, step, ordered);
    train.push_back(ordered);
    one.ReadTest(step, ordered);
    test.push_back(ordered);
  }
  const auto check = [&](const Batch& wanted) {
    CHECK(batch.pixels == wanted.pixels);
    CHECK(batch.labels == wanted.labels);
    CHECK(batch.color_shift == wanted.color_shift);
  };
  for (const size_t step : {0, 1, 2, 5, 3, 3, 4, 0}) {
    three.ReadTrain(2, static_cast<int64_t>(step), batch);
    check(train[step]);
    if (step == 2) three.ReadTrain(1, 3, batch);  // of another epoch, between
    if (step % 2 == 1) continue;
    three.ReadTest(static_cast<int64_t>(step), batch);
    check(test[step]);
  }
}

TEST_CASE("an image that cannot be read is an error at the call that needs it") {
  const OneBadImage data(17);
  BatchReader reader(data, Options(10));
  Batch batch;
  CHECK_NOTHROW(reader.ReadTest(0, batch));
  CHECK_THROWS_WITH(reader.ReadTest(1, batch), "image 17 is bad");
  CHECK_NOTHROW(reader.ReadTest(2, batch));
  CHECK(Numbers(batch)[0] == 20);
  CHECK_THROWS_WITH(reader.ReadTest(1, batch), "image 17 is bad");
  CHECK_NOTHROW(reader.ReadTest(0, batch));
  CHECK(Numbers(batch)[0] == 0);
}

TEST_CASE("the last short test batch is kept and the order of testing is fixed") {
  const NumberedImages data(10, 7, 32);
  BatchReader reader(data, Options(3, Augment::kCifar));
  CHECK(reader.TestBatches() == 3);
  Batch batch;
  std::vector<int> numbers;
  for (int64_t step = 0; step < 3; ++step) {
    reader.ReadTest(step, batch);
    for (int number : Numbers(batch)) numbers.push_back(number);
  }
  CHECK(batch.size == 1);
  CHECK(batch.pixels.size() == 32 * 32 * 3);
  CHECK(numbers == std::vector<int>{0, 1, 2, 3, 4, 5, 6});
}

TEST_CASE("fewer training images than a batch are an error") {
  const NumberedImages data(10, 5, 32);
  CHECK_THROWS_WITH(BatchReader(data, Options(11)),
                    Catch::Contains("11 images") && Catch::Contains("10 training images"));
}

TEST_CASE("the CIFAR augmentation shifts by up to four pixels, fills with the mean and flips") {
  const PlaceImage data;
  BatchReader reader(data, Options(1, Augment::kAuto));  // cifar at 32 px
  Batch batch;
  std::map<int, int> shifts_down, shifts_right;
  int flips = 0;
  int64_t wrong = 0;
  for (int epoch = 0; epoch < 900; ++epoch) {
    reader.ReadTrain(epoch, 0, batch);
    const auto pixel = [&](int y, int x) { return &batch.pixels[3 * (32 * y + x)]; };
    // The middle is never filled.
    const bool flipped = pixel(16, 16)[1] > pixel(16, 17)[1];
    const int down = pixel(16, 16)[0] - 16;
    const int right = flipped ? pixel(16, 15)[1] - 16 : pixel(16, 16)[1] - 16;
    flips += flipped;
    ++shifts_down[down];
    ++shifts_right[right];
    for (int y = 0; y < 32; ++y) {
      for (int x = 0; x < 32; ++x) {
        const int from_y = y + down, from_x = (flipped ? 31 - x : x) + right;
        const bool inside = from_y >= 0 && from_y < 32 && from_x >= 0 && from_x < 32;
        // The mean 0.2, 0.4, 0.998 is 51, 102, 254.49.
        const std::array<int, 3> wanted =
            inside ? std::array{from_y, from_x, 200} : std::array{51, 102, 254};
        wrong += !std::equal(wanted.begin(), wanted.end(), pixel(y, x));
      }
    }
  }
  CHECK(wrong == 0);
  // Uniform on -4..4: 100 of 900 expected each, standard deviation 9.4; flips 450, 15.
  CHECK(shifts_down.size() == 9);
  CHECK(shifts_right.size() == 9);
  for (const auto& [shift, count] : shifts_down) CHECK((count > 50 && count < 150));
  CHECK((flips > 375 && flips < 525));
}

TEST_CASE("augmentation does not depend on the batch an image comes in") {
  const auto data = OpenDataset("synthetic", 2);
  BatchOptions options = Options(100, Augment::kImagenet);
  options.train_images = 300;
  BatchReader hundreds(*data, options);
  options.batch_size = 150;
  BatchReader others(*data, options);
  Batch first, second;
  hundreds.ReadTrain(2, 1, first);  // places 100..199
  others.ReadTrain(2, 0, second);   // places 0..149
  const size_t bytes = 32 * 32 * 3;
  CHECK(std::equal(first.pixels.begin(), first.pixels.begin() + 50 * bytes,
                   second.pixels.begin() + 100 * bytes));
  CHECK(first.color_shift[0] == second.color_shift[100]);
  CHECK(first.color_shift[0] != first.color_shift[1]);
}

TEST_CASE("the automatic augmentation changes at 64 pixels") {
  CHECK(ResolveAugment(Augment::kAuto, 63) == Augment::kCifar);
  CHECK(ResolveAugment(Augment::kAuto, 64) == Augment::kImagenet);
  CHECK(ResolveAugment(Augment::kNone, 224) == Augment::kNone);
}

TEST_CASE("a test image at 224 pixels is scaled to 256 and cut in the middle") {
  // 512 x 512 with a mark of 32 pixels' width around: scaled by one half it is 16 wide, just what
  // the cut of (256 - 224) / 2 takes away.
  Image image = Plain(512, 512, 250, 250, 250);
  for (int y = 32; y < 480; ++y) {
    for (int x = 32; x < 480; ++x) image.pixels[3 * (512 * y + x)] = 10;
  }
  std::vector<uint8_t> out(224 * 224 * 3);
  MakeCut(WholeCutSource(image, [](int h, int w) { return CenterCut(h, w, 224); }), out.data());
  int marked = 0;
  for (size_t i = 0; i < out.size(); i += 3) marked += out[i] > 100;
  CHECK(marked == 0);
  CHECK(out[3 * 224 * 112] > 10);  // beside the cut the filter still sees a little of the mark
  CHECK(out[3 * (224 * 112 + 112)] == 10);
}

TEST_CASE("an image that is not square is scaled by its short side") {
  Image image = Plain(32, 64, 0, 0, 0);
  for (int y = 0; y < 32; ++y) {
    for (int x = 16; x < 48; ++x) image.pixels[3 * (64 * y + x)] = 255;
  }
  std::vector<uint8_t> out(32 * 32 * 3);
  MakeCut(WholeCutSource(image, [](int h, int w) { return CenterCut(h, w, 32); }), out.data());
  CHECK(out[0] == 255);
  CHECK(out[3 * 31] == 255);
}

TEST_CASE("random resized crops stay inside the image and differ") {
  RandomStream random(1, 1);
  const Image image = Plain(40, 300, 9, 8, 7);
  std::vector<uint8_t> out(64 * 64 * 3);
  for (int i = 0; i < 200; ++i) {
    const auto choose = [&](int h, int w) { return RandomCut(h, w, 64, random); };
    MakeCut(WholeCutSource(image, choose), out.data());
    REQUIRE(std::count(out.begin(), out.end(), 9) == 64 * 64);
  }
}

TEST_CASE("PCA lighting has the spread its eigenvalues give") {
  // Red: 0.1 sqrt((0.5675 * 0.2175)^2 + (0.7192 * 0.0188)^2 + (0.4009 * 0.0045)^2) = 0.012418.
  RandomStream random(5, 0);
  constexpr int kDraws = 20000;
  double sum = 0, squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double red = PcaLighting(random)[0];
    sum += red;
    squares += red * red;
  }
  CHECK(std::abs(sum / kDraws) < 5 * 0.012418 / std::sqrt(kDraws));
  CHECK(std::sqrt(squares / kDraws) == Approx(0.012418).epsilon(0.03));
}

}  // namespace dse::batches_test
