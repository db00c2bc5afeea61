#include "runner/data/images/resize.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>
#include <vector>

#include "runner/data/images/blend.h"

namespace dse {
namespace {

// The input samples that make one output sample.
struct Taps {
  int first = 0;
  int count = 0;
  size_t weights = 0;  // place of the first pair in Filter::weights
};

struct Filter {
  std::vector<Taps> taps;  // one per output sample of the window
  std::vector<WeightPair> weights;
  std::span<const WeightPair> WeightsOf(const Taps& of) const {
    return std::span(weights).subspan(of.weights, static_cast<size_t>(of.count + 1) / 2);
  }
};

// One axis: `length` input samples from `begin` on are scaled to `out`. All is computed from
// `origin` on, so that the same pixels in a larger image give the same weights, to the bit.
class Axis {
 public:
  Axis(double begin, double length, int out)
      : origin_(Floor(begin)),
        offset_(begin - origin_),
        length_(length),
        scale_(length / out),
        support_(std::max(1.0, scale_)) {}

  // The first sample under the triangle of output i, and one past the last.
  int First(int i) const { return origin_ + std::max(0, Floor(Center(i) - support_ + 0.5)); }
  int End(int i) const {
    return origin_ + std::min(Ceil(offset_ + length_), Floor(Center(i) + support_ + 0.5));
  }
  // Before rounding and normalisation.
  double Weight(int sample, int i) const {
    return std::max(0.0, 1 - std::fabs(sample - origin_ + 0.5 - Center(i)) / support_);
  }

 private:
  static int Floor(double value) { return static_cast<int>(std::floor(value)); }
  static int Ceil(double value) { return static_cast<int>(std::ceil(value)); }
  double Center(int i) const { return offset_ + (i + 0.5) * scale_; }

  int origin_;
  double offset_;  // 0..1
  double length_;
  double scale_;
  double support_;
};

// Rounds the weights so that they sum to one; what rounding lost goes to the largest.
void AppendWeights(const std::vector<double>& real, std::vector<WeightPair>& pairs) {
  double sum = 0;
  for (double weight : real) sum += weight;
  int rest = kWeightOne;
  size_t largest = 0;
  const size_t begin = pairs.size();
  for (size_t k = 0; k < real.size(); ++k) {
    const auto weight = static_cast<int>(std::lround(real[k] / sum * kWeightOne));
    rest -= weight;
    if (real[k] > real[largest]) largest = k;
    if (k % 2 == 0) pairs.push_back(0);
    pairs[begin + k / 2] |= static_cast<WeightPair>(weight) << (16 * (k % 2));
  }
  pairs[begin + largest / 2] += static_cast<WeightPair>(rest) << (16 * (largest % 2));
}

// The filter for the outputs [begin, begin + count).
Filter MakeFilter(const Axis& axis, int begin, int count) {
  Filter filter;
  std::vector<double> real;
  for (int i = begin; i < begin + count; ++i) {
    const int first = axis.First(i), end = axis.End(i);
    real.clear();
    for (int j = first; j < end; ++j) {
      real.push_back(axis.Weight(j, i));
    }
    filter.taps.push_back({first, end - first, filter.weights.size()});
    AppendWeights(real, filter.weights);
  }
  return filter;
}

const uint8_t* PixelAt(const Image& image, int y, int x) {
  return image.pixels.data() + 3 * (static_cast<size_t>(y) * image.width + x);
}

// Whether the window is a part of the image as it is.
bool IsCopy(const RealBox& source, int height, int width) {
  return source.height == height && source.width == width && source.y == std::floor(source.y) &&
         source.x == std::floor(source.x);
}

void CopyWindow(const Image& image, int y, int x, const Box& window, uint8_t* out) {
  const size_t bytes = 3 * static_cast<size_t>(window.width);
  for (int row = 0; row < window.height; ++row, out += bytes) {
    std::memcpy(out, PixelAt(image, y + window.y + row, x + window.x), bytes);
  }
}

}  // namespace

void ResizeBilinear(const Image& image, const RealBox& source, int height, int width,
                    const Box& window, uint8_t* out) {
  if (IsCopy(source, height, width)) {
    CopyWindow(image, static_cast<int>(source.y), static_cast<int>(source.x), window, out);
    return;
  }
  const Filter down = MakeFilter(Axis(source.y, source.height, height), window.y, window.height);
  const Filter across = MakeFilter(Axis(source.x, source.width, width), window.x, window.width);
  const int left = across.taps.front().first;
  const int right = across.taps.back().first + across.taps.back().count;
  std::vector<PixelTaps> pixels;
  for (const Taps& taps : across.taps) {
    pixels.push_back({taps.first - left, across.WeightsOf(taps)});
  }
  const size_t bytes = 3 * static_cast<size_t>(right - left);
  std::vector<uint8_t> row(bytes + 8);
  for (const Taps& taps : down.taps) {
    BlendRows(PixelAt(image, taps.first, left), 3 * static_cast<size_t>(image.width), taps.count,
              down.WeightsOf(taps), bytes, row.data());
    BlendPixels(row.data(), pixels, out);
    out += 3 * pixels.size();
  }
}

Box ResizeFootprint(const RealBox& source, int height, int width, const Box& window) {
  const Axis down(source.y, source.height, height), across(source.x, source.width, width);
  const int y = down.First(window.y), x = across.First(window.x);
  return {y, x, down.End(window.y + window.height - 1) - y,
          across.End(window.x + window.width - 1) - x};
}

void MakeCut(const CutSource& from, uint8_t* out) {
  ResizeBilinear(*from.image, from.source, from.cut.height, from.cut.width, from.cut.window, out);
}

}  // namespace dse
