#include "runner/data/cifar10.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "core/error.h"
#include "core/hash.h"
#include "runner/data/fingerprint.h"

namespace dse {
namespace {

namespace fs = std::filesystem;

constexpr size_t kPlane = size_t{kCifarSide} * kCifarSide;
constexpr size_t kMaxNameLength = 100;
constexpr size_t kMaxNamesBytes = 4096;
constexpr const char* kNamesFile = "batches.meta.txt";

Image Interleave(std::span<const uint8_t> planes) {
  Image image{kCifarSide, kCifarSide, std::vector<uint8_t>(3 * kPlane)};
  for (size_t i = 0; i < kPlane; ++i) {
    for (size_t c = 0; c < 3; ++c) image.pixels[3 * i + c] = planes[c * kPlane + i];
  }
  return image;
}

// The bytes of a file, of which no more than `limit` + 1 are read: enough to see that it is longer.
std::vector<uint8_t> ReadBytes(const std::string& path, size_t limit) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(path + ": cannot be read");
  std::vector<uint8_t> bytes(limit + 1);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (file.bad()) throw Error(path + ": cannot be read");
  bytes.resize(static_cast<size_t>(file.gcount()));
  return bytes;
}

constexpr const char* kTestBatch = "test_batch.bin";

std::string TrainBatch(int number) { return "data_batch_" + std::to_string(number) + ".bin"; }

// Where the file lies: in the folder or in the one that CIFAR-10 comes in.
std::string FindBatches(const std::string& directory, const std::string& file) {
  for (const std::string& place : {directory, directory + "/cifar-10-batches-bin"}) {
    if (fs::exists(place + "/" + file)) return place;
  }
  throw Error(directory + ": has no " + file +
              ", nor has cifar-10-batches-bin in it; cifar10:DIR needs the binary version of "
              "CIFAR-10 (for JPEGs in folders: folder:DIR)");
}

// The batches read so far, with what identifies them.
class Batches {
 public:
  Batches(std::string directory, const std::vector<std::string>& class_names)
      : directory_(std::move(directory)), hash_("cifar10", class_names), old_text_("cifar10\n") {
    for (const std::string& name : class_names) old_text_ += name + "\n";
  }

  void Read(const std::string& name, MemoryImages& images) {
    const std::string path = directory_ + "/" + name;
    const std::vector<uint8_t> bytes = ReadBytes(path, kCifarBatchRecords * kCifarRecordBytes);
    const int64_t before = images.size();
    ParseCifarBatch(bytes, path, images);
    const int64_t count = images.size() - before;
    hash_.Add(name);
    hash_.Add(count);
    hash_.Add(Sha256Hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
    old_text_ += name + " " + std::to_string(count) + "\n";
  }

  void ReadTrain(MemoryImages& images) {
    for (int i = 1; i <= 5; ++i) Read(TrainBatch(i), images);
  }

  std::string Fingerprint() { return hash_.Finish(); }
  // Over classes, names of files and numbers of images alone.
  std::string OldFingerprint() const { return ShortHash(old_text_); }

 private:
  const std::string directory_;
  FingerprintHash hash_;
  std::string old_text_;
};

std::vector<std::string> ClassNames(const std::string& directory) {
  const std::string path = directory + "/" + kNamesFile;
  if (!fs::exists(path)) {
    return {"airplane", "automobile", "bird",  "cat",  "deer",
            "dog",      "frog",       "horse", "ship", "truck"};
  }
  const std::vector<uint8_t> bytes = ReadBytes(path, kMaxNamesBytes);
  return ParseCifarNames({bytes.begin(), bytes.end()}, path);
}

// What is known before a batch is read.
DatasetInfo Describe(const std::string& directory, const std::string& place) {
  DatasetInfo info;
  info.uri = "cifar10:" + directory;
  info.class_names = ClassNames(place);
  return info;
}

}  // namespace

void ParseCifarBatch(std::span<const uint8_t> bytes, const std::string& name,
                     MemoryImages& images) {
  const size_t records = bytes.size() / kCifarRecordBytes;
  if (bytes.size() > kCifarBatchRecords * kCifarRecordBytes) {
    throw Error(fmt::format("{}: is longer than the {} images of a CIFAR-10 batch", name,
                            kCifarBatchRecords));
  }
  if (bytes.size() % kCifarRecordBytes != 0 || bytes.empty()) {
    throw Error(fmt::format("{}: ends within image {}, at byte {}; each image has {} bytes", name,
                            records, bytes.size(), kCifarRecordBytes));
  }
  for (size_t i = 0; i < records; ++i) {
    const auto record = bytes.subspan(i * kCifarRecordBytes, kCifarRecordBytes);
    if (record[0] >= kCifarClasses) {
      throw Error(fmt::format("{}: byte {}, the label of image {}, is {} and not 0 to 9", name,
                              i * kCifarRecordBytes, i, int{record[0]}));
    }
    images.Add(Interleave(record.subspan(1)), record[0]);
  }
}

std::vector<std::string> ParseCifarNames(const std::string& text, const std::string& name) {
  std::vector<std::string> names;
  std::istringstream lines(text);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty()) continue;
    const std::string where = name + ": line " + std::to_string(number);
    if (line.size() > kMaxNameLength) throw Error(where + ": too long for the name of a class");
    if (std::find(names.begin(), names.end(), line) != names.end()) {
      throw Error(where + ": names the class '" + line + "' a second time");
    }
    names.push_back(line);
  }
  if (names.size() != kCifarClasses) {
    throw Error(name + ": names " + std::to_string(names.size()) + " classes, not 10");
  }
  return names;
}

std::unique_ptr<Dataset> OpenCifarDataset(const std::string& directory) {
  const std::string place = FindBatches(directory, TrainBatch(1));
  DatasetInfo info = Describe(directory, place);
  Batches batches(place, info.class_names);
  MemoryImages train, test;
  batches.ReadTrain(train);
  batches.Read(kTestBatch, test);
  info.fingerprint = batches.Fingerprint();
  info.old_fingerprint = batches.OldFingerprint();
  return MakeMemoryDataset(std::move(train), std::move(test), std::move(info));
}

std::unique_ptr<Dataset> OpenCifarTest(const std::string& directory, bool train) {
  const std::string place = FindBatches(directory, train ? TrainBatch(1) : kTestBatch);
  DatasetInfo info = Describe(directory, place);
  Batches batches(place, info.class_names);
  MemoryImages images;
  if (train) {
    batches.ReadTrain(images);
    info.test_split = "train";
  } else {
    batches.Read(kTestBatch, images);
  }
  info.fingerprint = batches.Fingerprint();
  return MakeMemoryDataset({}, std::move(images), std::move(info));
}

}  // namespace dse
