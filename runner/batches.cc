#include "runner/batches.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "core/hash.h"
#include "core/rng.h"
#include "runner/augment.h"

namespace dse {
namespace {

// All images, or `wanted` of them by an order that depends on the dataset alone.
std::vector<int64_t> ChooseSubset(const Dataset& dataset, Split split, int64_t wanted) {
  const int64_t size = dataset.Size(split);
  if (wanted == 0 || wanted >= size) {
    std::vector<int64_t> all(static_cast<size_t>(size));
    std::iota(all.begin(), all.end(), int64_t{0});
    return all;
  }
  const char* purpose = split == Split::kTrain ? "training subset" : "test subset";
  RandomStream random(StreamKey(Sha256Word(dataset.info().fingerprint), purpose), 0);
  std::vector<int64_t> chosen = Permutation(size, random);
  chosen.resize(static_cast<size_t>(wanted));
  return chosen;
}

uint8_t ToByte(float value) { return static_cast<uint8_t>(std::lround(value * 255)); }

// Room for every index of a dataset beside the epoch.
constexpr int kIndexBits = 40;

}  // namespace

BatchReader::BatchReader(const Dataset& dataset, const BatchOptions& options)
    : dataset_(dataset),
      options_(options),
      train_(ChooseSubset(dataset, Split::kTrain, options.train_images)),
      test_(ChooseSubset(dataset, Split::kTest, options.test_images)),
      augment_key_(StreamKey(options.seed, "augmentation")),
      order_key_(StreamKey(options.seed, "training order")) {
  options_.augment = ResolveAugment(options.augment, options.resolution);
  const std::array<float, 3>& mean = dataset.info().mean;
  fill_ = {ToByte(mean[0]), ToByte(mean[1]), ToByte(mean[2])};
  if (TrainBatches() == 0) {
    throw Error("a batch of " + std::to_string(options.batch_size) + " images is more than the " +
                std::to_string(TrainImages()) + " training images; choose a smaller batch_size");
  }
}

int64_t BatchReader::TrainBatches() const { return TrainImages() / options_.batch_size; }

int64_t BatchReader::TestBatches() const {
  return (TestImages() + options_.batch_size - 1) / options_.batch_size;
}

int64_t BatchReader::TrainImages() const { return static_cast<int64_t>(train_.size()); }
int64_t BatchReader::TestImages() const { return static_cast<int64_t>(test_.size()); }

void BatchReader::Resize(int size, Batch& batch) const {
  const auto count = static_cast<size_t>(size);
  batch.size = size;
  batch.resolution = options_.resolution;
  batch.pixels.resize(count * ImageBytes());
  batch.labels.resize(count);
  batch.color_shift.assign(count, {});
}

size_t BatchReader::ImageBytes() const {
  return 3 * static_cast<size_t>(options_.resolution) * static_cast<size_t>(options_.resolution);
}

void BatchReader::ShuffleFor(int epoch) {
  if (epoch == order_epoch_) return;
  RandomStream random(order_key_, static_cast<uint64_t>(epoch));
  order_ = Permutation(TrainImages(), random);
  order_epoch_ = epoch;
}

void BatchReader::ReadTrain(int epoch, int64_t step, Batch& batch) {
  assert(step >= 0 && step < TrainBatches());
  ShuffleFor(epoch);
  Resize(options_.batch_size, batch);
  const auto first = static_cast<size_t>(step * options_.batch_size);
  for (size_t i = 0; i < batch.labels.size(); ++i) {
    const int64_t index = train_[static_cast<size_t>(order_[first + i])];
    AugmentInto(index, epoch, i, batch);
    batch.labels[i] = dataset_.Label(Split::kTrain, index);
  }
}

void BatchReader::AugmentInto(int64_t index, int epoch, size_t place, Batch& batch) const {
  const Image image = dataset_.Load(Split::kTrain, index);
  const int resolution = options_.resolution;
  uint8_t* out = batch.pixels.data() + place * ImageBytes();
  RandomStream random(augment_key_,
                      static_cast<uint64_t>(epoch) << kIndexBits | static_cast<uint64_t>(index));
  switch (options_.augment) {
    case Augment::kAuto:  // resolved in the constructor
    case Augment::kNone:
      CenterCrop(image, resolution, out);
      break;
    case Augment::kCifar:
      PadCropFlip(image, resolution, fill_, random, out);
      break;
    case Augment::kImagenet:
      RandomResizedCropFlip(image, resolution, random, out);
      batch.color_shift[place] = PcaLighting(random);
      break;
  }
}

void BatchReader::ReadTest(int64_t step, Batch& batch) {
  assert(step >= 0 && step < TestBatches());
  const int64_t first = step * options_.batch_size;
  const int64_t size = std::min<int64_t>(options_.batch_size, TestImages() - first);
  Resize(static_cast<int>(size), batch);
  for (int64_t i = 0; i < size; ++i) {
    const auto place = static_cast<size_t>(i);
    const int64_t index = test_[static_cast<size_t>(first + i)];
    CenterCrop(dataset_.Load(Split::kTest, index), options_.resolution,
               batch.pixels.data() + place * ImageBytes());
    batch.labels[place] = dataset_.Label(Split::kTest, index);
  }
}

}  // namespace dse
