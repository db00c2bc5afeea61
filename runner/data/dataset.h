#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "runner/data/images/image.h"

namespace dse {

enum class Split { kTrain, kTest };

struct DatasetInfo {
  std::string uri;          // as given
  std::string fingerprint;  // 16 hex digits over names, labels and contents (fingerprint.h)
  // What it was before it covered labels and contents, "" where it is the same: results under it
  // are taken for those of this set (db/rows/adoption.h), and it still seeds the choice of
  // subsets.
  std::string old_fingerprint;
  std::vector<std::string> class_names;
  int64_t train_images = 0;
  int64_t test_images = 0;
  int64_t corrupt_images = 0;              // left out
  std::vector<std::string> corrupt_files;  // the first ten of them, with the reason
  std::string test_split = "test";         // what is tested on: test, val or train
  std::vector<std::string> notes;  // sentences for people: files not read, a folder passed over
  std::array<float, 3> mean{0.485f, 0.456f, 0.406f};  // of channels in 0..1, for normalisation
  std::array<float, 3> stddev{0.229f, 0.224f, 0.225f};
  int classes() const { return static_cast<int>(class_names.size()); }
};

// Thrown for an image that is there but does not decode, or not without loss: whoever reads leaves
// it out. A property of the image alone, so every run leaves out the same ones. (Where nobody
// expects it, it is the machine whose data are bad, not what is trained.)
class CorruptImage : public Error {
 public:
  explicit CorruptImage(const std::string& message) : Error(message, Fault::kMachine) {}
};

// Images that were found corrupt after the set was opened.
struct CorruptSummary {
  int64_t count = 0;
  std::vector<std::string> names;  // the first of them
};

// How many corrupt images are named.
inline constexpr size_t kNamedImages = 10;

// Images with labels in two splits. Immutable once open; any thread may read.
class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual const DatasetInfo& info() const = 0;
  virtual int64_t Size(Split split) const = 0;
  virtual int Label(Split split, int64_t index) const = 0;
  // What the set itself calls an image: CLASS/FILE of a folder, else its number in the split.
  virtual std::string Name(Split split, int64_t index) const;
  // Throws CorruptImage, and Error of this machine that names the file if it can no longer be read
  // or too many images of the set are corrupt.
  virtual Image Load(Split split, int64_t index) const = 0;
  // What the cut is to be made from, which lives in the dataset or in `scratch`. Throws as Load
  // does.
  virtual CutSource LoadCut(Split split, int64_t index, const ChooseCut& choose,
                            ReadScratch& scratch) const;
  // What this process and those it forked have found corrupt so far, beside info().corrupt_images.
  virtual CorruptSummary FoundCorrupt() const { return {}; }
};

// A share of corrupt images in a split above this is an error.
inline constexpr double kMaxCorruptShare = 0.01;

// Opens a dataset by URI: "synthetic" (embedded, procedural: 10 classes, 32 px; "synthetic:easy"
// and "synthetic:hard" are other grades), "cifar10:DIR" (the binary batches), "folder:DIR"
// (JPEG and PNG files at any depth in DIR/train/<class> and DIR/test or DIR/val) or "pack:FILE"
// (what `dse pack` wrote). Small images are decoded once, with `threads` threads (all joined on
// return), and kept in memory. Throws Error: unknown scheme, missing folder, no images, classes
// that differ between the splits, too many corrupt images, a damaged batch or pack.
std::unique_ptr<Dataset> OpenDataset(const std::string& uri, int threads);

// What kept weights are to be tested on.
struct TestWish {
  std::string split;                 // test, val or train; "" = test, or what a folder has of it
  std::vector<std::string> classes;  // of the network, where known: tells a folder's labelled split
};

// Opens the images of one split alone, as Split::kTest of the answer: a folder's others are not
// read, need not be there, and are not in the fingerprint. `folder:` takes a folder of class
// folders as well. Training images have a fingerprint of their own. Throws Error as
// OpenDataset does, and for a split that the dataset has not.
std::unique_ptr<Dataset> OpenTestImages(const std::string& uri, const TestWish& wish, int threads);

}  // namespace dse
