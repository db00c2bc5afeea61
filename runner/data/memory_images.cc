#include "runner/data/memory_images.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace dse {
namespace {

class MemoryDataset : public Dataset {
 public:
  MemoryDataset(MemoryImages train, MemoryImages test, DatasetInfo info)
      : train_(std::move(train)), test_(std::move(test)), info_(std::move(info)) {
    info_.train_images = train_.size();
    info_.test_images = test_.size();
    if (train_.size() == 0) return;
    const ChannelStatistics channels = MeasureChannels(train_);
    info_.mean = channels.mean;
    info_.stddev = channels.stddev;
  }

  const DatasetInfo& info() const override { return info_; }
  int64_t Size(Split split) const override { return Images(split).size(); }
  int Label(Split split, int64_t index) const override { return Images(split).label(index); }
  Image Load(Split split, int64_t index) const override { return Images(split).image(index); }
  CutSource LoadCut(Split split, int64_t index, const ChooseCut& choose,
                    ReadScratch&) const override {
    return WholeCutSource(Images(split).image(index), choose);
  }

 private:
  const MemoryImages& Images(Split split) const { return split == Split::kTrain ? train_ : test_; }

  MemoryImages train_;
  MemoryImages test_;
  DatasetInfo info_;
};

}  // namespace

void MemoryImages::Add(Image image, int label) {
  images_.push_back(std::move(image));
  labels_.push_back(label);
}

void ChannelSums::Add(const Image& image) {
  for (size_t at = 0; at < image.pixels.size(); at += 3) {
    for (size_t c = 0; c < 3; ++c) {
      const uint64_t value = image.pixels[at + c];
      sum_[c] += value;
      squares_[c] += value * value;
    }
  }
  pixels_ += image.pixels.size() / 3;
}

void ChannelSums::Add(const ChannelSums& other) {
  for (size_t c = 0; c < 3; ++c) {
    sum_[c] += other.sum_[c];
    squares_[c] += other.squares_[c];
  }
  pixels_ += other.pixels_;
}

ChannelStatistics ChannelSums::Statistics() const {
  ChannelStatistics statistics;
  const auto count = static_cast<double>(pixels_);
  for (size_t c = 0; c < 3; ++c) {
    const double mean = static_cast<double>(sum_[c]) / count;
    const double variance = std::max(0.0, static_cast<double>(squares_[c]) / count - mean * mean);
    statistics.mean[c] = static_cast<float>(mean / 255);
    statistics.stddev[c] = static_cast<float>(std::max(1.0, std::sqrt(variance)) / 255);
  }
  return statistics;
}

ChannelStatistics MeasureChannels(const MemoryImages& images) {
  ChannelSums sums;
  for (int64_t i = 0; i < images.size(); ++i) sums.Add(images.image(i));
  return sums.Statistics();
}

std::unique_ptr<Dataset> MakeMemoryDataset(MemoryImages train, MemoryImages test,
                                           DatasetInfo info) {
  return std::make_unique<MemoryDataset>(std::move(train), std::move(test), std::move(info));
}

}  // namespace dse
