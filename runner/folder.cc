#include "runner/folder.h"

#include <atomic>
#include <optional>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/hash.h"
#include "core/parallel.h"
#include "runner/folder_listing.h"
#include "runner/jpeg.h"
#include "runner/memory_images.h"

namespace dse {
namespace {

constexpr size_t kNamedFiles = 10;

// What reading a file once found.
struct ReadImage {
  std::string header_problem;  // "" if the header is sound and the file has an end
  std::string data_problem;    // of the rest; known only if decoded
  Image image;                 // only if decoded
};

// Reads every header and end; decodes as well for as long as the images read so far fit into
// `memory`. `bytes` counts the decoded sizes of all images by their headers, whether decoded or
// not, so whether it ends above `memory` does not depend on the order.
std::vector<ReadImage> ReadImages(const FolderSplit& split, int threads, int64_t memory,
                                  std::atomic<int64_t>& bytes) {
  std::vector<ReadImage> images(split.files.size());
  ParallelFor(static_cast<int64_t>(images.size()), threads, [&](int64_t i) {
    ReadImage& read = images[static_cast<size_t>(i)];
    const std::string path = split.Path(split.files[static_cast<size_t>(i)]);
    const JpegResult header = ReadJpegSize(path);
    read.header_problem = header.problem + header.loss;
    const bool fits = bytes <= memory;
    bytes += int64_t{header.image.height} * header.image.width * 3;
    if (!fits || !header.intact()) return;
    JpegResult jpeg = DecodeJpegFile(path);
    read.data_problem = jpeg.problem.empty() ? jpeg.loss : jpeg.problem;
    read.image = std::move(jpeg.image);
  });
  return images;
}

// The images of a split that can be used: in memory, or as files.
struct UsableImages {
  MemoryImages memory;
  FolderSplit split;  // files without the corrupt ones
};

UsableImages KeepSound(FolderSplit split, std::vector<ReadImage> images, bool in_memory,
                       DatasetInfo& info) {
  UsableImages usable;
  std::vector<FolderFile> files = std::exchange(split.files, {});
  for (size_t i = 0; i < files.size(); ++i) {
    ReadImage& read = images[i];
    const std::string& problem =
        in_memory && read.header_problem.empty() ? read.data_problem : read.header_problem;
    if (!problem.empty()) {
      ++info.corrupt_images;
      if (info.corrupt_files.size() < kNamedFiles) {
        info.corrupt_files.push_back(split.Path(files[i]) + ": " + problem);
      }
      continue;
    }
    if (in_memory) usable.memory.Add(std::move(read.image), files[i].label);
    split.files.push_back(std::move(files[i]));
  }
  usable.split = std::move(split);
  return usable;
}

void AppendFiles(std::string& text, const std::string& split_name, const FolderSplit& split) {
  text += std::to_string(split.files.size()) + "\n";
  for (const FolderFile& file : split.files) text += split_name + "/" + file.name + "\n";
}

std::string Fingerprint(const FolderSplit& train, const FolderSplit& test) {
  std::string text = "folder\n" + std::to_string(train.class_names.size()) + "\n";
  for (const std::string& name : train.class_names) text += name + "\n";
  AppendFiles(text, "train", train);
  AppendFiles(text, "test", test);
  return ShortHash(text);
}

void CheckCorruptShare(const DatasetInfo& info, size_t files, const std::string& directory) {
  if (static_cast<double>(info.corrupt_images) <= kMaxCorruptShare * static_cast<double>(files)) {
    return;
  }
  throw Error(directory + ": " + std::to_string(info.corrupt_images) + " of " +
              std::to_string(files) + " images are corrupt, more than 1%; the first is " +
              info.corrupt_files.front());
}

class FolderDataset : public Dataset {
 public:
  // `train` has no files where only tests are wanted.
  FolderDataset(const std::string& directory, FolderSplit train, TestFolder tests, int threads,
                int64_t memory)
      : tests_only_(train.files.empty()) {
    FolderSplit test = std::move(tests.images);
    info_.test_split = tests.split;
    info_.notes = std::move(tests.notes);
    const size_t files = train.files.size() + test.files.size();
    std::atomic<int64_t> bytes{0};
    std::vector<ReadImage> train_images = ReadImages(train, threads, memory, bytes);
    std::vector<ReadImage> test_images = ReadImages(test, threads, memory, bytes);
    in_memory_ = bytes <= memory;
    train_ = KeepSound(std::move(train), std::move(train_images), in_memory_, info_);
    test_ = KeepSound(std::move(test), std::move(test_images), in_memory_, info_);
    CheckCorruptShare(info_, files, directory);
    Describe(directory);
  }

  const DatasetInfo& info() const override { return info_; }
  int64_t Size(Split split) const override {
    return static_cast<int64_t>(Images(split).split.files.size());
  }
  int Label(Split split, int64_t index) const override { return File(split, index).label; }

  std::string Name(Split split, int64_t index) const override { return File(split, index).name; }

  Image LoadIntact(Split split, int64_t index) const override {
    if (in_memory_) return Images(split).memory.image(index);
    const std::string path = Images(split).split.Path(File(split, index));
    JpegResult jpeg = DecodeJpegFile(path);
    if (!jpeg.intact()) throw Error(path + ": " + jpeg.problem + jpeg.loss);
    return std::move(jpeg.image);
  }

  Image Load(Split split, int64_t index) const override {
    if (in_memory_) return Images(split).memory.image(index);
    const std::string path = Images(split).split.Path(File(split, index));
    JpegResult jpeg = DecodeJpegFile(path);
    if (!jpeg.problem.empty()) throw Error(path + ": " + jpeg.problem);
    return std::move(jpeg.image);
  }

  CutSource LoadCut(Split split, int64_t index, const ChooseCut& choose,
                    ReadScratch& scratch) const override {
    if (in_memory_) return WholeCutSource(Images(split).memory.image(index), choose);
    const std::string path = Images(split).split.Path(File(split, index));
    const JpegCut jpeg = DecodeJpegFileCut(path, choose, scratch);
    if (!jpeg.problem.empty()) throw Error(path + ": " + jpeg.problem);
    return jpeg.source;
  }

 private:
  const UsableImages& Images(Split split) const { return split == Split::kTrain ? train_ : test_; }
  const FolderFile& File(Split split, int64_t index) const {
    return Images(split).split.files.at(static_cast<size_t>(index));
  }

  void Describe(const std::string& directory) {
    info_.uri = "folder:" + directory;
    info_.fingerprint = Fingerprint(InByteOrder(train_.split), InByteOrder(test_.split));
    if (info_.test_split == "train") {
      info_.fingerprint = ShortHash(info_.fingerprint + "\ntrain");
    }
    info_.class_names = test_.split.class_names;
    info_.train_images = Size(Split::kTrain);
    info_.test_images = Size(Split::kTest);
    if ((info_.train_images == 0 && !tests_only_) || info_.test_images == 0) {
      throw Error(directory + ": no image of one of the splits can be decoded");
    }
    if (!in_memory_ || tests_only_) return;
    const ChannelStatistics channels = MeasureChannels(train_.memory);
    info_.mean = channels.mean;
    info_.stddev = channels.stddev;
  }

  bool tests_only_;
  bool in_memory_ = false;
  UsableImages train_;
  UsableImages test_;
  DatasetInfo info_;
};

}  // namespace

std::unique_ptr<Dataset> OpenFolderDataset(const std::string& directory, int threads,
                                           int64_t memory) {
  FolderSplit train = ListSplit(directory + "/train");
  TestFolder test = FindTestFolder(directory, train);
  return std::make_unique<FolderDataset>(directory, std::move(train), std::move(test), threads,
                                         memory);
}

std::unique_ptr<Dataset> OpenFolderTest(const std::string& directory, const TestWish& wish,
                                        int threads, int64_t memory) {
  TestFolder test = FindTestFolder(directory, wish.split, wish.classes);
  FolderSplit none;
  none.class_names = test.images.class_names;
  return std::make_unique<FolderDataset>(directory, std::move(none), std::move(test), threads,
                                         memory);
}

}  // namespace dse
