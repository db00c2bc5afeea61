#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "core/rng.h"
#include "runner/data/batches.h"
#include "runner/data/folder.h"
#include "runner/data/images/augment.h"
#include "runner/data/images/image_file.h"
#include "runner/data/images/resize.h"
#include "tests/support/skipped.h"
#include "tests/support/temp_folder.h"

namespace dse::real_images_test {

TEST_CASE("CIFAR-10 as a folder of JPEGs is read whole and dealt out") {
  const std::string folder = FolderFrom("DSE_CIFAR10_DIR");
  if (folder.empty()) return;
  const auto data = OpenDataset("folder:" + folder, 2);
  const DatasetInfo& info = data->info();
  CHECK(info.classes() == 10);
  CHECK(info.class_names.front() == "airplane");
  CHECK(info.train_images == 50000);
  CHECK(info.test_images == 10000);
  CHECK(info.corrupt_images == 0);
  // Widely quoted channel statistics of CIFAR-10, 0.4914, 0.4822, 0.4465 and 0.247, 0.243, 0.262;
  // JPEG moves them a little.
  CHECK(info.mean[0] == Approx(0.4914).margin(0.002));
  CHECK(info.mean[2] == Approx(0.4465).margin(0.002));
  CHECK(info.stddev[0] == Approx(0.247).margin(0.004));
  BatchReader reader(*data, {});
  CHECK(reader.TrainBatches() == 390);
  Batch batch;
  reader.ReadTest(reader.TestBatches() - 1, batch);
  CHECK(batch.size == 10000 - 78 * 128);
  CHECK(batch.labels.back() == 9);
}

TEST_CASE("photographs decode intact and come out at the network's resolution") {
  const std::string folder = FolderFrom("DSE_IMAGENET_SAMPLE_DIR");
  if (folder.empty()) return;
  int photographs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".JPEG") continue;
    ++photographs;
    INFO(entry.path());
    const Decoding jpeg = DecodeImageFile(entry.path());
    REQUIRE(jpeg.intact());
    const Decoding size = ReadImageSize(entry.path());
    CHECK(size.image.height == jpeg.image.height);
    CHECK(jpeg.image.pixels.size() ==
          static_cast<size_t>(jpeg.image.height) * jpeg.image.width * 3);
    const auto [low, high] =
        std::minmax_element(jpeg.image.pixels.begin(), jpeg.image.pixels.end());
    CHECK(*high - *low > 50);
  }
  CHECK(photographs > 0);
}

TEST_CASE("random cuts of photographs decoded in part are those of the whole photograph") {
  const std::string folder = FolderFrom("DSE_IMAGENET_SAMPLE_DIR");
  if (folder.empty()) return;
  constexpr int kSide = 224;
  RandomStream random(1, 1);
  ReadScratch scratch;
  std::vector<uint8_t> part(kSide * kSide * 3), whole(part.size()), reduced(part.size());
  double difference = 0;
  int cuts = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".JPEG") continue;
    INFO(entry.path());
    Cut cut;
    const auto choose = [&](int height, int width) {
      cut = RandomCut(height, width, kSide, random);
      cut.may_reduce = false;
      return cut;
    };
    MakeCut(DecodeImageFileCut(entry.path(), choose, scratch).source, part.data());
    const Image image = DecodeImageFile(entry.path()).image;
    MakeCut({&image, cut.source, cut}, whole.data());
    REQUIRE(part == whole);
    cut.may_reduce = true;
    MakeCut(DecodeImageFileCut(
                entry.path(), [&](int, int) { return cut; }, scratch)
                .source,
            reduced.data());
    for (size_t i = 0; i < part.size(); ++i) difference += std::abs(part[i] - reduced[i]);
    ++cuts;
  }
  REQUIRE(cuts > 0);
  CHECK(difference / (cuts * static_cast<double>(part.size())) < 1);  // of 255
}

TEST_CASE("photographs read from their files are the same by any number of threads") {
  const std::string folder = FolderFrom("DSE_IMAGENET_SAMPLE_DIR");
  if (folder.empty()) return;
  const TempFolder data;
  for (const std::string split : {"train", "test"}) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.path().extension() != ".JPEG") continue;
      const std::string name = entry.path().filename();
      const std::string half = name.substr(0, name.find('_')) < "n02" ? "/a/" : "/b/";
      std::filesystem::create_directories(data / (split + half));
      std::filesystem::create_symlink(entry.path(), data / (split + half + name));
    }
  }
  const auto dataset = OpenFolderDataset(data.path(), 2, 0);
  BatchOptions options;
  options.batch_size = 16;
  options.resolution = 224;
  options.threads = 1;
  BatchReader one(*dataset, options);
  options.threads = 4;
  BatchReader four(*dataset, options);
  Batch expected, batch;
  for (int64_t i = 0; i < 2; ++i) {
    one.ReadTrain(0, i, expected);
    four.ReadTrain(0, i, batch);
    CHECK(batch.labels == expected.labels);
    CHECK(batch.pixels == expected.pixels);
    one.ReadTest(i, expected);
    four.ReadTest(i, batch);
    CHECK(batch.pixels == expected.pixels);
  }
}

}  // namespace dse::real_images_test
