#include "runner/data/batches.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>
#include <numeric>

#include "core/error.h"
#include "core/hash.h"
#include "core/rng.h"
#include "runner/data/class_map.h"
#include "runner/data/images/augment.h"
#include "runner/data/images/auto_augment.h"
#include "runner/data/images/resize.h"

namespace dse {
namespace {

std::vector<int64_t> AllImages(int64_t size) {
  std::vector<int64_t> all(static_cast<size_t>(size));
  std::iota(all.begin(), all.end(), int64_t{0});
  return all;
}

// The images of a split in an order that depends on the dataset and the purpose alone.
std::vector<int64_t> FixedOrder(const Dataset& dataset, Split split, const char* purpose) {
  const DatasetInfo& info = dataset.info();
  const std::string& key = info.old_fingerprint.empty() ? info.fingerprint : info.old_fingerprint;
  RandomStream random(StreamKey(Sha256Word(key), purpose), 0);
  std::vector<int64_t> order = Permutation(dataset.Size(split), random);
  if (!NumbersOutOfByteOrder(info.class_names)) return order;
  // Subsets stay those of when numbered classes were in the order of their bytes.
  std::vector<int64_t> images = AllImages(dataset.Size(split));
  std::ranges::stable_sort(images, {}, [&](int64_t i) {
    return info.class_names[static_cast<size_t>(dataset.Label(split, i))];
  });
  for (int64_t& i : order) i = images[static_cast<size_t>(i)];
  return order;
}

// All images, or the first `wanted` of the order for this purpose.
std::vector<int64_t> ChooseSubset(const Dataset& dataset, Split split, int64_t wanted,
                                  const char* purpose) {
  const int64_t size = dataset.Size(split);
  if (wanted == 0 || wanted >= size) return AllImages(size);
  std::vector<int64_t> chosen = FixedOrder(dataset, split, purpose);
  chosen.resize(static_cast<size_t>(wanted));
  return chosen;
}

// The training images to test on in place of the test split.
std::vector<int64_t> HoldOut(const Dataset& dataset, int64_t count) {
  const int64_t size = dataset.Size(Split::kTrain);
  if (count >= size) {
    throw Error("val_images is " + std::to_string(count) + " of " + std::to_string(size) +
                " training images, which leaves none to train on; choose fewer");
  }
  return ChooseSubset(dataset, Split::kTrain, count, "held-out images");
}

std::vector<int64_t> ChooseTest(const Dataset& dataset, const BatchOptions& options) {
  if (options.val_images > 0) return HoldOut(dataset, options.val_images);
  return ChooseSubset(dataset, Split::kTest, options.test_images, "test subset");
}

// The subset to train on, without the images held out.
std::vector<int64_t> ChooseTrain(const Dataset& dataset, const BatchOptions& options,
                                 const std::vector<int64_t>& held_out) {
  const char* purpose = "training subset";
  if (options.val_images == 0) {
    return ChooseSubset(dataset, Split::kTrain, options.train_images, purpose);
  }
  const int64_t size = dataset.Size(Split::kTrain);
  const auto left = static_cast<size_t>(size - options.val_images);
  const auto wanted = static_cast<size_t>(options.train_images);
  const bool all = wanted == 0 || wanted >= left;
  std::vector<int64_t> chosen = all ? AllImages(size) : FixedOrder(dataset, Split::kTrain, purpose);
  std::vector<bool> is_held_out(static_cast<size_t>(size));
  for (const int64_t index : held_out) is_held_out[static_cast<size_t>(index)] = true;
  std::erase_if(chosen, [&](int64_t index) { return is_held_out[static_cast<size_t>(index)]; });
  if (!all) chosen.resize(wanted);
  return chosen;
}

uint8_t ByteOf(float value) { return static_cast<uint8_t>(std::lround(value * 255)); }

// Room for every index of a dataset beside the epoch.
constexpr int kIndexBits = 40;

}  // namespace

BatchReader::BatchReader(const Dataset& dataset, const BatchOptions& options)
    : dataset_(dataset),
      options_(options),
      test_split_(options.val_images > 0 ? Split::kTrain : Split::kTest),
      test_(ChooseTest(dataset, options)),
      augment_key_(StreamKey(options.seed, "augmentation")),
      order_key_(StreamKey(options.seed, "training order")),
      scratch_(static_cast<size_t>(std::max(1, options.threads))),
      team_(options.threads) {
  train_ = ChooseTrain(dataset, options, test_);
  options_.augment = ResolveAugment(options.augment, options.resolution);
  const std::array<float, 3>& mean = dataset.info().mean;
  fill_ = {ByteOf(mean[0]), ByteOf(mean[1]), ByteOf(mean[2])};
  if (TrainBatches() == 0 && !options.tests_only) {
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

size_t BatchReader::ImageBytes() const {
  return 3 * static_cast<size_t>(options_.resolution) * static_cast<size_t>(options_.resolution);
}

void BatchReader::ReadTrain(int epoch, int64_t step, Batch& batch) {
  assert(step >= 0 && step < TrainBatches());
  Read({true, epoch, step}, batch);
  if (step + 1 < TrainBatches()) Begin({true, epoch, step + 1});
}

void BatchReader::ReadTest(int64_t step, Batch& batch) {
  assert(step >= 0 && step < TestBatches());
  Read({false, 0, step}, batch);
  if (step + 1 < TestBatches()) Begin({false, 0, step + 1});
}

void BatchReader::Read(const Place& place, Batch& batch) {
  if (ahead_ != place) {
    team_.Cancel();
    Begin(place);
  }
  ahead_.reset();
  team_.Wait();
  DropMissing();
  std::swap(batch, next_);
}

// The team has nothing to do when this is called.
void BatchReader::Begin(const Place& place) {
  making_ = place;
  places_ = PlacesOf(place);
  ResizeNext();
  ahead_ = place;
  team_.Start(static_cast<int64_t>(places_.size()), [this](int thread, int64_t i) {
    MakeImage(static_cast<size_t>(i), scratch_[static_cast<size_t>(thread)]);
  });
}

std::vector<int64_t> BatchReader::PlacesOf(const Place& place) {
  const int64_t images = place.train ? TrainImages() : TestImages();
  const int64_t first = place.step * options_.batch_size;
  const int64_t end = std::min<int64_t>(first + options_.batch_size, images);
  if (place.train) ShuffleFor(place.epoch);
  std::vector<int64_t> places;
  for (int64_t i = first; i < end; ++i) {
    places.push_back(place.train ? order_[static_cast<size_t>(i)] : i);
  }
  return places;
}

void BatchReader::ShuffleFor(int epoch) {
  if (epoch == order_epoch_) return;
  RandomStream random(order_key_, static_cast<uint64_t>(epoch));
  order_ = Permutation(TrainImages(), random);
  order_epoch_ = epoch;
}

void BatchReader::ResizeNext() {
  const size_t count = places_.size();
  next_.size = static_cast<int>(count);
  next_.resolution = options_.resolution;
  next_.pixels.resize(count * ImageBytes());
  next_.labels.resize(count);
  next_.color_shift.assign(count, {});
  missing_.assign(count, 0);
}

// Closes the gaps that corrupt images left.
void BatchReader::DropMissing() {
  size_t kept = 0;
  for (size_t i = 0; i < missing_.size(); ++i) {
    if (missing_[i] != 0) continue;
    if (kept < i) {
      std::memcpy(&next_.pixels[kept * ImageBytes()], &next_.pixels[i * ImageBytes()],
                  ImageBytes());
      next_.labels[kept] = next_.labels[i];
    }
    ++kept;
  }
  next_.size = static_cast<int>(kept);
  next_.pixels.resize(kept * ImageBytes());
  next_.labels.resize(kept);
  next_.color_shift.resize(kept);  // only training shifts, and misses none
}

void BatchReader::MakeImage(size_t i, Scratch& scratch) {
  if (making_.train) {
    MakeTrainImage(i, scratch);
  } else {
    MakeTestImage(i, scratch);
  }
}

void BatchReader::MakeTrainImage(size_t i, Scratch& scratch) {
  for (int64_t tried = 0; tried < TrainImages(); ++tried) {
    const int64_t place = (places_[i] + tried) % TrainImages();
    try {
      return MakeFrom(Split::kTrain, train_[static_cast<size_t>(place)], i, scratch);
    } catch (const CorruptImage&) {
      continue;  // the dataset has noted it
    }
  }
  throw Error(dataset_.info().uri + ": none of the " + std::to_string(TrainImages()) +
                  " training images can be decoded",
              Fault::kMachine);
}

void BatchReader::MakeTestImage(size_t i, Scratch& scratch) {
  try {
    MakeFrom(test_split_, test_[static_cast<size_t>(places_[i])], i, scratch);
  } catch (const CorruptImage&) {
    missing_[i] = 1;
  }
}

void BatchReader::MakeFrom(Split split, int64_t index, size_t i, Scratch& scratch) {
  const uint64_t stream =
      static_cast<uint64_t>(making_.epoch) << kIndexBits | static_cast<uint64_t>(index);
  RandomStream random(augment_key_, stream);
  const auto choose = [&](int height, int width) { return Choose(height, width, random); };
  const CutSource from = dataset_.LoadCut(split, index, choose, scratch.read);
  next_.labels[i] = dataset_.Label(split, index);
  if (making_.train) {
    Augmented(from, random, i, scratch);
  } else {
    MakeCut(from, next_.pixels.data() + i * ImageBytes());
  }
}

Cut BatchReader::Choose(int height, int width, RandomStream& random) const {
  if (!making_.train) return CenterCut(height, width, options_.resolution);
  switch (options_.augment) {
    case Augment::kCifar:
      return SquareCut(height, width, options_.resolution);
    case Augment::kImagenet:
      return RandomCut(height, width, options_.resolution, random);
    default:
      return CenterCut(height, width, options_.resolution);
  }
}

void BatchReader::Augmented(const CutSource& from, RandomStream& random, size_t i,
                            Scratch& scratch) {
  const int resolution = options_.resolution;
  uint8_t* out = next_.pixels.data() + i * ImageBytes();
  if (options_.augment == Augment::kCifar) {
    scratch.square.resize(ImageBytes());
    MakeCut(from, scratch.square.data());
    ShiftAtRandom(scratch.square.data(), resolution, fill_, random, out);
  } else {
    MakeCut(from, out);
  }
  if (options_.augment != Augment::kNone) FlipAtRandom(resolution, random, out);
  if (options_.auto_augment) AutoAugment(resolution, random, out, scratch.square);
  if (options_.augment == Augment::kImagenet) next_.color_shift[i] = PcaLighting(random);
}

void CheckTested(const Dataset& dataset, int64_t images) {
  if (images > 0) return;
  throw Error(dataset.info().uri + ": none of the images to test on can be decoded",
              Fault::kMachine);
}

}  // namespace dse
