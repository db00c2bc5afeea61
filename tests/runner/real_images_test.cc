#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

#include "runner/batches.h"
#include "runner/jpeg.h"

namespace dse {
namespace {

// The folder a variable names, or "" with a warning.
std::string FolderFrom(const char* variable) {
  const char* folder = std::getenv(variable);
  if (folder != nullptr && *folder != '\0') return folder;
  WARN("skipped: " << variable << " is not set");
  return "";
}

}  // namespace

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
    const JpegResult jpeg = DecodeJpegFile(entry.path());
    REQUIRE(jpeg.intact());
    const JpegResult size = ReadJpegSize(entry.path());
    CHECK(size.image.height == jpeg.image.height);
    CHECK(jpeg.image.pixels.size() ==
          static_cast<size_t>(jpeg.image.height) * jpeg.image.width * 3);
    const auto [low, high] =
        std::minmax_element(jpeg.image.pixels.begin(), jpeg.image.pixels.end());
    CHECK(*high - *low > 50);
  }
  CHECK(photographs > 0);
}

}  // namespace dse
