#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runner/image.h"

namespace dse {

enum class Split { kTrain, kTest };

struct DatasetInfo {
  std::string uri;          // as given
  std::string fingerprint;  // 16 hex digits over classes, counts and file names; not the path
  // What dse called the same classes, counts and names before fingerprints covered labels and
  // contents; "" where it called them the same. Results under it are taken for those of this set.
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

// Images with labels in two splits. Immutable once open; any thread may read.
class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual const DatasetInfo& info() const = 0;
  virtual int64_t Size(Split split) const = 0;
  virtual int Label(Split split, int64_t index) const = 0;
  // What the set itself calls an image: CLASS/FILE of a folder, else its number in the split.
  virtual std::string Name(Split split, int64_t index) const;
  // Throws Error naming the file if it can no longer be read or decoded.
  virtual Image Load(Split split, int64_t index) const = 0;
  // As Load, but throws as well where the decoder would have to make up pixels.
  virtual Image LoadIntact(Split split, int64_t index) const { return Load(split, index); }
  // What the cut is to be made from, which lives in the dataset or in `scratch`. Throws as Load
  // does.
  virtual CutSource LoadCut(Split split, int64_t index, const ChooseCut& choose,
                            ReadScratch& scratch) const;
};

// A share of corrupt images above this is an error.
inline constexpr double kMaxCorruptShare = 0.01;

// Opens a dataset by URI: "synthetic" (embedded, procedural: 10 classes, 32 px; "synthetic:easy"
// and "synthetic:hard" are other grades), "cifar10:DIR" (the binary batches), "folder:DIR"
// (DIR/train/<class>/*.jpg and DIR/test or DIR/val; .jpg, .jpeg, any case) or "pack:FILE" (what
// `dse pack` wrote). Small images are decoded once, with `threads` threads (all joined on return),
// and kept in memory. Throws Error: unknown scheme, missing folder, no images, classes that differ
// between the splits, too many corrupt images, a damaged batch or pack.
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
