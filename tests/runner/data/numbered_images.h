#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "runner/data/batches.h"
#include "tests/runner/data/images/jpeg_writer.h"

namespace dse {

// Square images whose every pixel holds the image's number, so that batches can be read back.
class NumberedImages : public Dataset {
 public:
  NumberedImages(int train, int test, int side, std::string fingerprint = "numbered",
                 std::string old_fingerprint = "")
      : side_(side) {
    info_.fingerprint = std::move(fingerprint);
    info_.old_fingerprint = std::move(old_fingerprint);
    info_.class_names = {"even", "odd"};
    info_.train_images = train;
    info_.test_images = test;
    info_.mean = {0.2f, 0.4f, 0.998f};
  }
  const DatasetInfo& info() const override { return info_; }
  int64_t Size(Split split) const override {
    return split == Split::kTrain ? info_.train_images : info_.test_images;
  }
  int Label(Split, int64_t index) const override { return static_cast<int>(index % 2); }
  Image Load(Split, int64_t index) const override {
    const int i = static_cast<int>(index);
    return Plain(side_, side_, i, i, i);
  }

 private:
  int side_;
  DatasetInfo info_;
};

inline BatchOptions Options(int batch_size, Augment augment = Augment::kNone) {
  BatchOptions options;
  options.batch_size = batch_size;
  options.resolution = 32;
  options.augment = augment;
  return options;
}

inline std::vector<int> Numbers(const Batch& batch) {
  const size_t bytes = batch.pixels.size() / static_cast<size_t>(batch.size);
  std::vector<int> numbers;
  for (size_t i = 0; i < batch.labels.size(); ++i) numbers.push_back(batch.pixels[i * bytes]);
  return numbers;
}

inline std::vector<int> Epoch(BatchReader& reader, int epoch) {
  std::vector<int> numbers;
  Batch batch;
  for (int64_t step = 0; step < reader.TrainBatches(); ++step) {
    reader.ReadTrain(epoch, step, batch);
    const std::vector<int> part = Numbers(batch);
    numbers.insert(numbers.end(), part.begin(), part.end());
  }
  return numbers;
}

inline std::vector<int> TestPass(BatchReader& reader) {
  std::vector<int> numbers;
  Batch batch;
  for (int64_t step = 0; step < reader.TestBatches(); ++step) {
    reader.ReadTest(step, batch);
    const std::vector<int> part = Numbers(batch);
    numbers.insert(numbers.end(), part.begin(), part.end());
  }
  return numbers;
}

inline std::set<int> AsSet(const std::vector<int>& numbers) {
  return {numbers.begin(), numbers.end()};
}

}  // namespace dse
