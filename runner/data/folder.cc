#include "runner/data/folder.h"

#include <atomic>
#include <optional>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/parallel.h"
#include "runner/data/corrupt_images.h"
#include "runner/data/fingerprint.h"
#include "runner/data/folder_listing.h"
#include "runner/data/images/image_file.h"
#include "runner/data/memory_images.h"

namespace dse {
namespace {

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
    const Decoding header = ReadImageSize(path);
    read.header_problem = header.reason();
    const bool fits = bytes <= memory;
    bytes += int64_t{header.image.height} * header.image.width * 3;
    if (!fits || !header.intact()) return;
    Decoding decoding = DecodeImageFile(path);
    read.data_problem = decoding.reason();
    read.image = std::move(decoding.image);
  });
  return images;
}

// The images of a split that can be used: in memory, or as files.
struct UsableImages {
  MemoryImages memory;
  FolderSplit split;     // files without the corrupt ones
  int64_t left_out = 0;  // corrupt ones
  std::string first;     // of these, with the reason
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
      if (++usable.left_out == 1) usable.first = split.Path(files[i]) + ": " + problem;
      if (info.corrupt_files.size() < kNamedImages) {
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

// Says what lies in the folders of the splits and is not read.
void NoteUnread(const std::string& directory, const FolderSplit& train, const FolderSplit& test,
                DatasetInfo& info) {
  UnreadFiles unread = train.unread;
  unread.Add(test.unread);
  if (unread.count > 0) info.notes.push_back("folder:" + directory + ": " + unread.Text());
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
    NoteUnread(directory, train, test, info_);
    std::atomic<int64_t> bytes{0};
    std::vector<ReadImage> train_images = ReadImages(train, threads, memory, bytes);
    std::vector<ReadImage> test_images = ReadImages(test, threads, memory, bytes);
    in_memory_ = bytes <= memory;
    train_ = KeepSound(std::move(train), std::move(train_images), in_memory_, info_);
    test_ = KeepSound(std::move(test), std::move(test_images), in_memory_, info_);
    CheckShare(Split::kTrain, directory);
    CheckShare(Split::kTest, directory);
    Describe(directory, threads);
    corrupt_.emplace(info_.uri, SplitCount{info_.train_images, train_.left_out},
                     SplitCount{info_.test_images, test_.left_out});
  }

  const DatasetInfo& info() const override { return info_; }
  int64_t Size(Split split) const override {
    return static_cast<int64_t>(Images(split).split.files.size());
  }
  int Label(Split split, int64_t index) const override { return File(split, index).label; }

  std::string Name(Split split, int64_t index) const override { return File(split, index).name; }

  Image Load(Split split, int64_t index) const override {
    if (in_memory_) return Images(split).memory.image(index);
    Decoding decoding = DecodeImageFile(Path(split, index));
    if (!decoding.intact()) Refuse(split, index, decoding.reason());
    return std::move(decoding.image);
  }

  CutSource LoadCut(Split split, int64_t index, const ChooseCut& choose,
                    ReadScratch& scratch) const override {
    if (in_memory_) return WholeCutSource(Images(split).memory.image(index), choose);
    const CutDecoding decoding = DecodeImageFileCut(Path(split, index), choose, scratch);
    if (!decoding.intact()) Refuse(split, index, decoding.reason());
    return decoding.source;
  }

  CorruptSummary FoundCorrupt() const override {
    CorruptSummary found{corrupt_->count(), {}};
    for (const auto& [split, index] : corrupt_->First(kNamedImages)) {
      found.names.push_back(Path(split, index));
    }
    return found;
  }

 private:
  const UsableImages& Images(Split split) const { return split == Split::kTrain ? train_ : test_; }
  const FolderFile& File(Split split, int64_t index) const {
    return Images(split).split.files.at(static_cast<size_t>(index));
  }
  std::string Path(Split split, int64_t index) const {
    return Images(split).split.Path(File(split, index));
  }

  [[noreturn]] void Refuse(Split split, int64_t index, const std::string& reason) const {
    corrupt_->Refuse(split, index, Path(split, index) + ": " + reason);
  }

  void CheckShare(Split split, const std::string& directory) const {
    const UsableImages& images = Images(split);
    CheckCorruptShare(directory, split, images.left_out, images.left_out + Size(split),
                      "the first is " + images.first);
  }

  void Describe(const std::string& directory, int threads) {
    info_.uri = "folder:" + directory;
    info_.fingerprint = FolderFingerprint(
        train_.split, test_.split, in_memory_ ? HashedFiles::kAll : HashedFiles::kSample, threads);
    if (info_.test_split == "train") info_.fingerprint = ShortHash(info_.fingerprint + "\ntrain");
    if (!tests_only_) info_.old_fingerprint = OldFolderFingerprint(train_.split, test_.split);
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
  std::optional<CorruptImages> corrupt_;  // found when read; none of a set in memory
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
