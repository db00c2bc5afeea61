#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/rng.h"
#include "runner/data/background_team.h"
#include "runner/data/dataset.h"
#include "runner/data/images/augment.h"

namespace dse {

// Images at the network's resolution, cropped and flipped, still 8-bit: what a trainer uploads and
// normalises itself. Value of channel c: (pixel/255 + color_shift[c] - mean[c]) / stddev[c].
struct Batch {
  int size = 0;
  int resolution = 0;
  std::vector<uint8_t> pixels;                    // size x resolution x resolution x 3
  std::vector<int64_t> labels;                    // size
  std::vector<std::array<float, 3>> color_shift;  // size; PCA lighting, zero elsewhere
};

// Subsets are the first so many of an order that depends on the dataset alone, not on the seed: so
// every run sees the same images.
struct BatchOptions {
  int batch_size = 128;
  int resolution = 32;
  uint64_t seed = 0;
  Augment augment = Augment::kAuto;  // of training images
  bool auto_augment = false;         // AutoAugment of training images, after crop and flip
  int64_t val_images = 0;    // so many training images are held out and tested on, in place of the
                             // test split
  int64_t train_images = 0;  // 0 = all that are not held out
  int64_t test_images = 0;   // of the test split; 0 = all
  int threads = 1;           // that read images, beside the caller
  bool tests_only = false;   // no training batch will be asked for
};

// Deals a dataset out in batches. Training order and augmentation are functions of (seed, epoch,
// index) alone, so they do not depend on threads. While the caller works on a batch, the next of
// the same pass is made in the background; reading in order is therefore fast, and any order is
// right. One caller's thread per reader; the dataset must outlive it. Threads start with the first
// batch.
// Corrupt images are left out: in training the next sound one of the training images takes the
// place, whoever reads and whenever; of the test images it is not counted, so a batch gets shorter.
class BatchReader {
 public:
  // Throws Error if no training images are left beside those held out, or fewer than one batch
  // where training batches are wanted.
  BatchReader(const Dataset& dataset, const BatchOptions& options);

  // Batches of one pass: the last short training batch is dropped, the last short test batch is
  // not.
  int64_t TrainBatches() const;
  int64_t TestBatches() const;
  int64_t TrainImages() const;  // in the subset
  int64_t TestImages() const;   // corrupt ones included: those tested are the sum of the batches

  // Fills `batch`, reusing its memory. 0 <= step < TrainBatches(), epoch from 0. A test batch may
  // be shorter than the others, or empty. Throws Error for an image of this batch that can no
  // longer be read, too many corrupt ones, no sound training image.
  void ReadTrain(int epoch, int64_t step, Batch& batch);
  void ReadTest(int64_t step, Batch& batch);

 private:
  // Names a batch.
  struct Place {
    bool train = false;
    int epoch = 0;  // of training
    int64_t step = 0;
    friend bool operator==(const Place&, const Place&) = default;
  };

  void Read(const Place& place, Batch& batch);
  void Begin(const Place& place);
  void ShuffleFor(int epoch);
  std::vector<int64_t> PlacesOf(const Place& place);
  size_t ImageBytes() const;
  void ResizeNext();
  void DropMissing();
  // One image of next_, with the memory of one of the team's threads.
  struct Scratch {
    ReadScratch read;
    std::vector<uint8_t> square;  // the image before a step
  };
  void MakeImage(size_t i, Scratch& scratch);
  void MakeTrainImage(size_t i, Scratch& scratch);
  void MakeTestImage(size_t i, Scratch& scratch);
  void MakeFrom(Split split, int64_t index, size_t i, Scratch& scratch);
  Cut Choose(int height, int width, RandomStream& random) const;
  void Augmented(const CutSource& from, RandomStream& random, size_t i, Scratch& scratch);

  const Dataset& dataset_;
  BatchOptions options_;        // augment resolved
  Split test_split_;            // kTrain where images are held out
  std::vector<int64_t> train_;  // subset
  std::vector<int64_t> test_;
  uint64_t augment_key_;
  uint64_t order_key_;
  std::array<uint8_t, 3> fill_{};  // the mean colour
  std::vector<int64_t> order_;     // of order_epoch_, places in train_
  int order_epoch_ = -1;

  std::optional<Place> ahead_;   // what the team works on or has made
  Place making_;                 // what next_ is
  std::vector<int64_t> places_;  // in train_ or test_, of the images of next_
  Batch next_;
  std::vector<uint8_t> missing_;  // whether an image of next_ is corrupt
  std::vector<Scratch> scratch_;  // one per thread of the team
  BackgroundTeam team_;           // last: its threads use the members above
};

// To be called after a test with the number of images that its batches held. Throws Error of this
// machine if none could be decoded.
void CheckTested(const Dataset& dataset, int64_t images);

}  // namespace dse
