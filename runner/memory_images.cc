#include "runner/memory_images.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace dse {

void MemoryImages::Add(Image image, int label) {
  images_.push_back(std::move(image));
  labels_.push_back(label);
}

ChannelStatistics MeasureChannels(const MemoryImages& images) {
  std::array<uint64_t, 3> sum{}, squares{};
  uint64_t pixels = 0;
  for (int64_t i = 0; i < images.size(); ++i) {
    const std::vector<uint8_t>& bytes = images.image(i).pixels;
    for (size_t at = 0; at < bytes.size(); at += 3) {
      for (size_t c = 0; c < 3; ++c) {
        const uint64_t value = bytes[at + c];
        sum[c] += value;
        squares[c] += value * value;
      }
    }
    pixels += bytes.size() / 3;
  }
  ChannelStatistics statistics;
  const auto count = static_cast<double>(pixels);
  for (size_t c = 0; c < 3; ++c) {
    const double mean = static_cast<double>(sum[c]) / count;
    const double variance = std::max(0.0, static_cast<double>(squares[c]) / count - mean * mean);
    statistics.mean[c] = static_cast<float>(mean / 255);
    statistics.stddev[c] = static_cast<float>(std::max(1.0, std::sqrt(variance)) / 255);
  }
  return statistics;
}

}  // namespace dse
