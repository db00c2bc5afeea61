#include "runner/data/pack.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/error.h"
#include "core/hash.h"
#include "runner/data/batches.h"
#include "runner/data/folder.h"
#include "runner/data/images/resize.h"
#include "runner/data/pack_index.h"
#include "runner/data/pack_writer.h"
#include "tests/runner/data/images/jpeg_writer.h"
#include "tests/support/skipped.h"
#include "tests/support/temp_folder.h"

namespace dse::pack_test {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;

bool GoOn(int64_t, int64_t) { return true; }

// A smooth image, which JPEG keeps well, different for each `kind`.
Image Slope(int height, int width, int kind) {
  Image image{height, width, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      image.pixels.push_back(static_cast<uint8_t>(255 * y / height));
      image.pixels.push_back(static_cast<uint8_t>(255 * x / width));
      image.pixels.push_back(static_cast<uint8_t>(40 * kind));
    }
  }
  return image;
}

// Three training images of "cat", two of "dog", a test image of each; sizes from 20 x 30 to
// 120 x 180.
void WriteFolder(const TempFolder& folder) {
  folder.Write("train/cat/a.jpg", EncodeRgb(Slope(120, 180, 1)));
  folder.Write("train/cat/b.jpg", EncodeGray(100, 90, 70));
  folder.Write("train/cat/c.jpg", EncodeCmyk(90, 90, 255, 0, 0, 0));
  folder.Write("train/dog/a.jpg", EncodeRgb(Slope(20, 30, 2)));
  folder.Write("train/dog/b.jpg", EncodeRgb(Slope(90, 100, 3)));
  folder.Write("test/cat/x.jpg", EncodeRgb(Slope(100, 100, 4)));
  folder.Write("test/dog/y.jpg", EncodeRgb(Slope(100, 150, 5)));
}

PackOptions Small() {
  PackOptions options;
  options.size = 80;
  options.threads = 2;
  return options;
}

// Packs `uri` under folder/p and returns that path.
std::string Pack(const std::string& uri, const TempFolder& folder,
                 const PackOptions& options = Small(), const std::string& name = "p") {
  std::string path = folder / name;
  CHECK(WritePack(*OpenDataset(uri, 1), path, options, GoOn).finished);
  return path;
}

std::string PackFolder(const TempFolder& folder, const PackOptions& options = Small()) {
  WriteFolder(folder);
  return Pack("folder:" + folder.path(), folder, options);
}

std::string BytesOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void WriteFile(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

void FlipByte(const std::string& path, size_t at) {
  std::string bytes = BytesOf(path);
  bytes.at(at) = static_cast<char>(bytes[at] ^ 1);
  WriteFile(path, bytes);
}

int LargestDifference(const Image& a, const Image& b) {
  REQUIRE(a.pixels.size() == b.pixels.size());
  int largest = 0;
  for (size_t i = 0; i < a.pixels.size(); ++i) {
    largest = std::max(largest, std::abs(int{a.pixels[i]} - int{b.pixels[i]}));
  }
  return largest;
}

std::vector<std::string> FilesIn(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_regular_file()) names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

TEST_CASE("a folder comes back from its pack with classes, labels, names and scaled images") {
  const TempFolder folder;
  const auto pack = OpenDataset("pack:" + PackFolder(folder), 1);
  CHECK(pack->info().class_names == std::vector<std::string>{"cat", "dog"});
  CHECK(pack->info().train_images == 5);
  CHECK(pack->info().test_images == 2);
  CHECK(pack->info().corrupt_images == 0);
  const int labels[] = {0, 0, 0, 1, 1};
  for (int64_t i = 0; i < 5; ++i) CHECK(pack->Label(Split::kTrain, i) == labels[i]);
  CHECK(pack->Label(Split::kTest, 1) == 1);
  CHECK(pack->Name(Split::kTrain, 3) == "dog/a.jpg");
  CHECK(pack->Name(Split::kTest, 0) == "cat/x.jpg");
  // 120 x 180 at 80 px; JPEG of a slope of 3 a pixel is a few values off.
  const Image image = pack->Load(Split::kTrain, 0);
  REQUIRE(image.height == 80);
  REQUIRE(image.width == 120);
  CHECK(LargestDifference(image, Slope(80, 120, 1)) < 12);
  // Gray and CMYK have become RGB.
  CHECK(LargestDifference(pack->Load(Split::kTrain, 1), Plain(89, 80, 70, 70, 70)) <= 1);
  CHECK(LargestDifference(pack->Load(Split::kTrain, 2), Plain(80, 80, 0, 255, 255)) <= 2);
}

TEST_CASE("packed images of 64 px and less have every bit of their source and are not enlarged") {
  const TempFolder folder;
  const auto pack = OpenDataset("pack:" + PackFolder(folder), 1);
  const auto source = OpenDataset("folder:" + folder.path(), 1);
  const Image image = pack->Load(Split::kTrain, 3);
  CHECK(image.height == 20);
  CHECK(image.pixels == source->Load(Split::kTrain, 3).pixels);
}

TEST_CASE("the embedded dataset and its pack give the same batches and statistics") {
  const TempFolder folder;
  const auto pack = OpenDataset("pack:" + Pack("synthetic", folder), 1);
  const auto source = OpenDataset("synthetic", 1);
  CHECK(pack->info().mean == source->info().mean);
  CHECK(pack->info().stddev == source->info().stddev);
  CHECK(pack->info().fingerprint != source->info().fingerprint);
  CHECK(pack->Name(Split::kTest, 7) == "7");
  int different = 0;
  for (int64_t i = 0; i < 1000; ++i) {
    different += pack->Load(Split::kTest, i).pixels != source->Load(Split::kTest, i).pixels ||
                 pack->Label(Split::kTest, i) != source->Label(Split::kTest, i);
  }
  CHECK(different == 0);
}

TEST_CASE("the statistics of a pack are those of its training pixels") {
  const TempFolder folder;
  folder.Write("train/a/1.jpg", EncodeGray(100, 100, 51));
  folder.Write("train/a/2.jpg", EncodeGray(100, 100, 153));
  folder.Write("val/a/1.jpg", EncodeGray(100, 100, 255));
  const auto pack = OpenDataset("pack:" + Pack("folder:" + folder.path(), folder), 1);
  // 51 is 0.2 and 153 is 0.6: mean 0.4, deviation 0.2.
  for (size_t c = 0; c < 3; ++c) {
    CHECK(pack->info().mean[c] == Approx(0.4));
    CHECK(pack->info().stddev[c] == Approx(0.2));
  }
}

TEST_CASE("cuts from a pack are cuts from its images, raw or JPEG") {
  const TempFolder folder;
  WriteFolder(folder);
  PackOptions options = Small();
  options.raw = GENERATE(false, true);
  const std::string uri = "pack:" + Pack("folder:" + folder.path(), folder, options);
  const auto pack = OpenDataset(uri, 1);
  const ChooseCut choose = [](int height, int width) {
    return Cut{{3, 5, height - 7, width - 6}, 24, 32, {2, 4, 20, 24}, false};
  };
  ReadScratch scratch;
  for (int64_t i = 0; i < 5; ++i) {
    const Image image = pack->Load(Split::kTrain, i);
    std::vector<uint8_t> wanted(20 * 24 * 3), made(wanted.size());
    MakeCut(WholeCutSource(image, choose), wanted.data());
    MakeCut(pack->LoadCut(Split::kTrain, i, choose, scratch), made.data());
    CHECK(made == wanted);
  }
}

TEST_CASE("a pack is dealt out in batches like its source") {
  const TempFolder folder;
  const auto pack = OpenDataset("pack:" + PackFolder(folder), 1);
  BatchOptions options;
  options.batch_size = 5;
  options.resolution = 64;
  options.threads = 2;
  BatchReader reader(*pack, options);
  Batch batch;
  reader.ReadTrain(0, 0, batch);
  CHECK(batch.size == 5);
  CHECK(std::count(batch.labels.begin(), batch.labels.end(), 0) == 3);
  reader.ReadTest(0, batch);
  CHECK(batch.size == 2);
  // The blue channel of the last image is 40 x 5 everywhere.
  CHECK(std::abs(int{batch.pixels.back()} - 200) <= 2);
}

TEST_CASE(
    "a pack is the same bytes on any number of threads, and its shards do not exceed their "
    "size") {
  const TempFolder folder;
  PackOptions options;
  options.shard_bytes = 1'000'000;  // 325 images of 3072 bytes
  options.threads = 1;
  const std::string one = Pack("synthetic", folder, options, "one");
  options.threads = 3;
  const std::string three = Pack("synthetic", folder, options, "three");
  const bool same_index = BytesOf(one) == BytesOf(three);
  CHECK(same_index);
  uint32_t shard = 0;
  for (; fs::exists(ShardPath(one, shard)); ++shard) {
    const bool same = BytesOf(ShardPath(one, shard)) == BytesOf(ShardPath(three, shard));
    CHECK(same);
    CHECK(fs::file_size(ShardPath(one, shard)) <= 1'000'000);
  }
  CHECK(shard == 16);  // ceil(5000 / 325)
  const auto pack = OpenDataset("pack:" + one, 1);
  CHECK(pack->Load(Split::kTest, 999).pixels ==
        OpenDataset("synthetic", 1)->Load(Split::kTest, 999).pixels);
}

TEST_CASE("the fingerprint of a pack covers the images and not only their names") {
  const TempFolder first, second;
  const std::string path = PackFolder(first);
  const auto before = OpenDataset("pack:" + path, 1);
  // Python's hashlib over "pack", size, quality, classes, counts and names, a line each.
  CHECK(before->info().old_fingerprint == "e7d3d6672714fcbb");
  WriteFolder(second);
  second.Write("test/dog/y.jpg", EncodeRgb(Slope(100, 150, 6)));
  const auto after =
      OpenDataset("pack:" + Pack("folder:" + second.path(), second, Small(), "changed"), 1);
  CHECK(after->info().fingerprint != before->info().fingerprint);
  CHECK(after->info().old_fingerprint == before->info().old_fingerprint);
}

TEST_CASE("the fingerprint of a pack follows names, size and quality, not the place") {
  const TempFolder first, second;
  const auto fingerprint = [](const std::string& path) {
    return OpenDataset("pack:" + path, 1)->info().fingerprint;
  };
  const std::string base = fingerprint(PackFolder(first));
  CHECK(fingerprint(PackFolder(second)) == base);
  const std::string uri = "folder:" + first.path();
  CHECK(OpenDataset(uri, 1)->info().fingerprint != base);
  PackOptions options = Small();
  options.size = 81;
  CHECK(fingerprint(Pack(uri, first, options, "size")) != base);
  options = Small();
  options.quality = 91;
  CHECK(fingerprint(Pack(uri, first, options, "quality")) != base);
  options = Small();
  options.raw = true;
  CHECK(fingerprint(Pack(uri, first, options, "raw")) != base);
  fs::rename(second / "train/dog/a.jpg", second / "train/dog/aa.jpg");
  CHECK(fingerprint(Pack("folder:" + second.path(), second, Small(), "named")) != base);
}

TEST_CASE("a pack is replaced only on demand, and with it shards that are no longer needed") {
  const TempFolder folder;
  PackOptions options;
  options.shard_bytes = 5'000'000;
  const std::string path = Pack("synthetic", folder, options);
  CHECK(FilesIn(folder.path()) ==
        std::vector<std::string>{"p", "p.0000", "p.0001", "p.0002", "p.0003"});
  const auto data = OpenDataset("synthetic", 1);
  CHECK_THROWS_WITH(WritePack(*data, path, options, GoOn), Contains("/p: exists already; --force"));
  options = {};
  options.replace = true;
  CHECK(WritePack(*data, path, options, GoOn).shards == 1);
  CHECK(FilesIn(folder.path()) == std::vector<std::string>{"p", "p.0000"});
  CHECK_NOTHROW(OpenDataset("pack:" + path, 1));
  const std::string other = folder.Write("thesis.db", "years of work");
  CHECK_THROWS_WITH(WritePack(*data, other, options, GoOn), Contains("exists and is no pack"));
  CHECK(BytesOf(other) == "years of work");
}

TEST_CASE("a pack that was stopped or failed leaves nothing behind") {
  const TempFolder folder;
  const auto data = OpenDataset("synthetic", 1);
  const auto stop = [](int64_t done, int64_t total) { return 2 * done < total; };
  CHECK_FALSE(WritePack(*data, folder / "p", Small(), stop).finished);
  CHECK(FilesIn(folder.path()).empty());
  CHECK_THROWS_WITH(WritePack(*data, folder / "no/such/p", Small(), GoOn),
                    Contains("no/such/p.0000: cannot be written: No such file"));
}

TEST_CASE("images that turn out corrupt while packing are left out, counted and named") {
  const TempFolder folder;
  for (int i = 0; i < 150; ++i) {
    folder.Write("train/a/" + std::to_string(1000 + i) + ".jpg", EncodeGray(8, 8, i));
  }
  const std::string whole = EncodeRgb(Slope(100, 100, 1));
  // Half of its data, with a marker for the end.
  folder.Write("train/a/2000.jpg", whole.substr(0, whole.size() / 2) + "\xff\xd9");
  folder.Write("test/a/1.jpg", EncodeGray(8, 8, 1));
  // Too large for memory, so that only headers and ends were read.
  const auto source = OpenFolderDataset(folder.path(), 1, 100);
  REQUIRE(source->info().train_images == 151);
  const PackSummary summary = WritePack(*source, folder / "p", Small(), GoOn);
  CHECK(source->FoundCorrupt().count == 1);
  CHECK(source->FoundCorrupt().names == std::vector<std::string>{folder / "train/a/2000.jpg"});
  CHECK(summary.train_images == 150);
  CHECK(OpenDataset("pack:" + (folder / "p"), 1)->info().train_images == 150);
  folder.Write("train/a/2001.jpg", whole.substr(0, whole.size() / 2) + "\xff\xd9");
  const auto worse = OpenFolderDataset(folder.path(), 1, 100);
  CHECK_THROWS_WITH(WritePack(*worse, folder / "q", Small(), GoOn),
                    Contains("2 of 152 training images are corrupt, more than 1%"));
}

TEST_CASE("a damaged payload is named with its shard and image when it is read") {
  const TempFolder folder;
  const std::string path = PackFolder(folder);
  FlipByte(path + ".0000", 16 + 100);
  const auto pack = OpenDataset("pack:" + path, 1);
  CHECK_THROWS_WITH(pack->Load(Split::kTrain, 0),
                    Contains("1 of 5 training images are corrupt, more than 1%") &&
                        Contains("p.0000: training image 'cat/a.jpg' at byte 16 is damaged"));
  CHECK_NOTHROW(pack->Load(Split::kTrain, 1));
}

TEST_CASE("a shard that is missing, cut short or of another pack is named at opening") {
  const TempFolder folder;
  const std::string path = PackFolder(folder);
  const std::string shard = path + ".0000";
  const std::string bytes = BytesOf(shard);
  const auto open = [&] { return OpenDataset("pack:" + path, 1); };
  WriteFile(shard, bytes.substr(0, bytes.size() - 1));
  CHECK_THROWS_WITH(open(), Contains("p.0000: has " + std::to_string(bytes.size() - 1) +
                                     " bytes and not the " + std::to_string(bytes.size())));
  std::string other = bytes;
  other.back() = other.back() == '0' ? '1' : '0';  // of the digest
  WriteFile(shard, other);
  CHECK_THROWS_WITH(open(), Contains("p.0000: is not shard 0 of the pack"));
  WriteFile(shard, "D" + bytes.substr(1));
  CHECK_THROWS_WITH(open(), Contains("p.0000: is not shard 0 of the pack"));
  fs::remove(shard);
  CHECK_THROWS_WITH(open(), Contains("p.0000: cannot be read: No such file"));
  fs::remove(path);
  CHECK_THROWS_WITH(open(), Contains("/p: cannot be read: No such file"));
  CHECK_THROWS_WITH(OpenDataset("pack:" + folder.path(), 1), Contains("it is no regular file"));
}

TEST_CASE("photographs, gray and CMYK among them, are packed and read at 224 px") {
  const std::string sample = FolderFrom("DSE_IMAGENET_SAMPLE_DIR");
  if (sample.empty()) return;
  const TempFolder folder;
  fs::create_directories(folder / "train/a");
  fs::create_directories(folder / "test/a");
  int64_t photographs = 0;
  for (const auto& entry : fs::directory_iterator(sample)) {
    if (entry.path().extension() != ".JPEG") continue;
    const std::string name = entry.path().stem().string() + ".jpg";
    fs::create_symlink(fs::absolute(entry.path()), folder / ("train/a/" + name));
    ++photographs;
  }
  fs::copy(fs::path(sample) / "n01440764_tench.JPEG", folder / "test/a/tench.jpg");
  folder.Write("train/a/gray.jpg", EncodeGray(500, 400, 77));
  folder.Write("train/a/cmyk.jpg", EncodeCmyk(400, 500, 0, 255, 255, 0));
  const auto pack =
      OpenDataset("pack:" + Pack("folder:" + folder.path(), folder, PackOptions{}), 1);
  REQUIRE(pack->info().train_images == photographs + 2);
  const auto source = OpenDataset("folder:" + folder.path(), 2);
  for (int64_t i = 0; i < pack->info().train_images; ++i) {
    INFO(pack->Name(Split::kTrain, i));
    CHECK(pack->Name(Split::kTrain, i) == source->Name(Split::kTrain, i));
    const Image image = pack->Load(Split::kTrain, i), whole = source->Load(Split::kTrain, i);
    const int shorter = std::min(whole.height, whole.width);
    CHECK(std::min(image.height, image.width) == std::min(256, shorter));
  }
  BatchOptions options;
  options.batch_size = static_cast<int>(pack->info().train_images);
  options.resolution = 224;
  BatchReader packed(*pack, options), original(*source, options);
  Batch batch, wanted;
  packed.ReadTest(0, batch);
  original.ReadTest(0, wanted);
  REQUIRE(batch.pixels.size() == 224 * 224 * 3);
  // What testing sees of a photograph is its own 256 px version but for JPEG at quality 90, which
  // costs a few levels in a photograph with much grain.
  double difference = 0;
  for (size_t i = 0; i < batch.pixels.size(); ++i) {
    difference += std::abs(int{batch.pixels[i]} - int{wanted.pixels[i]});
  }
  CHECK(difference / static_cast<double>(batch.pixels.size()) < 6);
  packed.ReadTrain(0, 0, batch);
  CHECK(batch.size == photographs + 2);
}

}  // namespace dse::pack_test
