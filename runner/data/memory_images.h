#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "runner/data/dataset.h"

namespace dse {

// Decoded images of one split with their labels, in memory. Read by any thread; processes forked
// from this one share the pages.
class MemoryImages {
 public:
  void Add(Image image, int label);

  int64_t size() const { return static_cast<int64_t>(images_.size()); }
  int label(int64_t index) const { return labels_.at(static_cast<size_t>(index)); }
  const Image& image(int64_t index) const { return images_.at(static_cast<size_t>(index)); }

 private:
  std::vector<Image> images_;
  std::vector<int> labels_;
};

// Mean and standard deviation of each channel over all pixels, in 0..1. Exact sums, so the order of
// the images does not matter. The deviation is at least 1/255: a flat channel stays finite when
// divided.
struct ChannelStatistics {
  std::array<float, 3> mean{};
  std::array<float, 3> stddev{};
};
class ChannelSums {
 public:
  void Add(const Image& image);
  void Add(const ChannelSums& other);
  ChannelStatistics Statistics() const;  // of at least one pixel

 private:
  std::array<uint64_t, 3> sum_{};
  std::array<uint64_t, 3> squares_{};
  uint64_t pixels_ = 0;
};
ChannelStatistics MeasureChannels(const MemoryImages& images);

// A dataset of two splits in memory. Of `info` its URI, fingerprint and class names are taken; the
// rest is that of the images; without training images the channels stay those of `info`.
std::unique_ptr<Dataset> MakeMemoryDataset(MemoryImages train, MemoryImages test, DatasetInfo info);

}  // namespace dse
