#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "runner/dataset.h"
#include "runner/recipe.h"

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

struct BatchOptions {
  int batch_size = 128;
  int resolution = 32;
  uint64_t seed = 0;
  Augment augment = Augment::kAuto;  // of training images
  int64_t train_images =
      0;  // 0 = all, else the first so many of an order that depends on the seed-free
  int64_t test_images = 0;  // dataset alone, so every run sees the same subset
};

// Deals a dataset out in batches. Training order and augmentation are functions of (seed, epoch,
// index) alone, so they do not depend on threads. One reader per thread; the dataset must outlive
// it.
class BatchReader {
 public:
  // Throws Error if there are fewer training images than one batch.
  BatchReader(const Dataset& dataset, const BatchOptions& options);

  // Batches of one pass: the last short training batch is dropped, the last short test batch is
  // not.
  int64_t TrainBatches() const;
  int64_t TestBatches() const;
  int64_t TrainImages() const;  // in the subset
  int64_t TestImages() const;

  // Fills `batch`, reusing its memory. 0 <= step < TrainBatches(), epoch from 0. Throws Error for
  // an image that can no longer be read.
  void ReadTrain(int epoch, int64_t step, Batch& batch);
  void ReadTest(int64_t step, Batch& batch);

 private:
  void ShuffleFor(int epoch);
  size_t ImageBytes() const;
  void Resize(int size, Batch& batch) const;
  void AugmentInto(int64_t index, int epoch, size_t place, Batch& batch) const;

  const Dataset& dataset_;
  BatchOptions options_;        // augment resolved
  std::vector<int64_t> train_;  // subset
  std::vector<int64_t> test_;
  uint64_t augment_key_;
  uint64_t order_key_;
  std::array<uint8_t, 3> fill_{};  // the mean colour
  std::vector<int64_t> order_;     // of order_epoch_, places in train_
  int order_epoch_ = -1;
};

}  // namespace dse
