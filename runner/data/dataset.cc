#include "runner/data/dataset.h"

#include <filesystem>
#include <utility>

#include "core/error.h"
#include "core/hash.h"
#include "core/suggest.h"
#include "runner/data/cifar10.h"
#include "runner/data/folder.h"
#include "runner/data/pack.h"
#include "runner/data/synthetic.h"

namespace dse {
namespace {

// What follows the scheme of "folder:DIR", which must be a folder.
std::string FolderOf(const std::string& uri) {
  std::string directory = uri.substr(uri.find(':') + 1);
  while (directory.size() > 1 && directory.back() == '/') directory.pop_back();
  std::error_code ignored;
  if (!std::filesystem::is_directory(directory, ignored)) {
    throw Error("'" + directory + "': there is no such folder (from '" + uri + "')");
  }
  return directory;
}

// The training images of a dataset to test on, and no others.
class TrainingAsTest : public Dataset {
 public:
  explicit TrainingAsTest(std::unique_ptr<Dataset> whole)
      : whole_(std::move(whole)), info_(whole_->info()) {
    info_.test_images = std::exchange(info_.train_images, 0);
    info_.test_split = "train";
    info_.fingerprint = ShortHash(info_.fingerprint + "\ntrain");
    info_.old_fingerprint.clear();
  }

  const DatasetInfo& info() const override { return info_; }
  int64_t Size(Split split) const override { return split == Split::kTest ? info_.test_images : 0; }
  int Label(Split, int64_t index) const override { return whole_->Label(Split::kTrain, index); }
  std::string Name(Split, int64_t index) const override {
    return whole_->Name(Split::kTrain, index);
  }
  Image Load(Split, int64_t index) const override { return whole_->Load(Split::kTrain, index); }
  CutSource LoadCut(Split, int64_t index, const ChooseCut& choose,
                    ReadScratch& scratch) const override {
    return whole_->LoadCut(Split::kTrain, index, choose, scratch);
  }
  CorruptSummary FoundCorrupt() const override { return whole_->FoundCorrupt(); }

 private:
  std::unique_ptr<Dataset> whole_;
  DatasetInfo info_;
};

}  // namespace

std::string Dataset::Name(Split, int64_t index) const { return std::to_string(index); }

CutSource Dataset::LoadCut(Split split, int64_t index, const ChooseCut& choose,
                           ReadScratch& scratch) const {
  scratch.image = Load(split, index);
  return WholeCutSource(scratch.image, choose);
}

std::unique_ptr<Dataset> OpenDataset(const std::string& uri, int threads) {
  if (uri == "synthetic") return MakeSyntheticDataset("", threads);
  if (uri.starts_with("synthetic:")) {
    return MakeSyntheticDataset(uri.substr(uri.find(':') + 1), threads);
  }
  if (uri.starts_with("folder:")) return OpenFolderDataset(FolderOf(uri), threads);
  if (uri.starts_with("cifar10:")) return OpenCifarDataset(FolderOf(uri));
  if (uri.starts_with("pack:")) return OpenPackDataset(uri.substr(uri.find(':') + 1));
  const std::string scheme = uri.substr(0, uri.find(':'));
  const std::vector<std::string> known{"synthetic", "cifar10", "folder", "pack"};
  throw Error("'" + uri + "' is no dataset" + DidYouMean(scheme, known) +
              " (there are: synthetic, synthetic:easy, synthetic:hard, cifar10:DIR, folder:DIR, "
              "pack:FILE)");
}

std::unique_ptr<Dataset> OpenTestImages(const std::string& uri, const TestWish& wish, int threads) {
  if (uri.starts_with("folder:")) return OpenFolderTest(FolderOf(uri), wish, threads);
  if (wish.split == "val") {
    throw Error("'" + uri + "' has no split val; it has test and train");
  }
  const bool train = wish.split == "train";
  if (uri.starts_with("cifar10:")) return OpenCifarTest(FolderOf(uri), train);
  std::unique_ptr<Dataset> whole = OpenDataset(uri, threads);
  if (!train) return whole;
  return std::make_unique<TrainingAsTest>(std::move(whole));
}

}  // namespace dse
