#include "runner/resize.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace dse {
namespace {

// Weights are whole multiples of 2^-kWeightBits and sum to 1 exactly.
constexpr int kWeightBits = 15;
constexpr int kOne = 1 << kWeightBits;

// The input samples that make one output sample: weight[0..count) from `first` on.
struct Taps {
  int first = 0;
  int count = 0;
  size_t weights = 0;  // offset into Filter::weights
};

struct Filter {
  std::vector<Taps> taps;  // one per output sample of the window
  std::vector<int> weights;
};

// Rounds the weights so that they sum to kOne; what rounding lost goes to the largest.
void AppendWeights(const std::vector<double>& real, std::vector<int>& weights) {
  double sum = 0;
  for (double weight : real) sum += weight;
  const auto begin = static_cast<std::ptrdiff_t>(weights.size());
  int rest = kOne;
  for (double weight : real) {
    weights.push_back(static_cast<int>(std::lround(weight / sum * kOne)));
    rest -= weights.back();
  }
  *std::max_element(weights.begin() + begin, weights.end()) += rest;
}

// The filter of one axis: `in` samples scaled to `out`, of which [begin, begin + count) are wanted.
Filter MakeFilter(int in, int out, int begin, int count) {
  const double scale = static_cast<double>(in) / out;
  const double support = std::max(1.0, scale);
  Filter filter;
  std::vector<double> real;
  for (int i = begin; i < begin + count; ++i) {
    const double center = (i + 0.5) * scale;
    const int first = std::max(0, static_cast<int>(center - support + 0.5));
    const int last = std::min(in, static_cast<int>(center + support + 0.5));
    real.clear();
    for (int j = first; j < last; ++j) {
      real.push_back(std::max(0.0, 1 - std::fabs(j + 0.5 - center) / support));
    }
    filter.taps.push_back({first, last - first, filter.weights.size()});
    AppendWeights(real, filter.weights);
  }
  return filter;
}

uint8_t Round(int sum) { return static_cast<uint8_t>((sum + kOne / 2) >> kWeightBits); }

void FilterRow(const Filter& filter, const uint8_t* in, uint8_t* out) {
  for (const Taps& taps : filter.taps) {
    const int* weight = filter.weights.data() + taps.weights;
    const uint8_t* pixel = in + 3 * taps.first;
    int red = 0, green = 0, blue = 0;
    for (int k = 0; k < taps.count; ++k, pixel += 3) {
      red += weight[k] * pixel[0];
      green += weight[k] * pixel[1];
      blue += weight[k] * pixel[2];
    }
    *out++ = Round(red);
    *out++ = Round(green);
    *out++ = Round(blue);
  }
}

// `sums` is scratch of `bytes` elements.
void FilterColumn(const Taps& taps, const int* weight, const uint8_t* in, size_t bytes,
                  std::vector<int>& sums, uint8_t* out) {
  sums.assign(bytes, 0);
  for (int k = 0; k < taps.count; ++k) {
    const uint8_t* row = in + static_cast<size_t>(taps.first + k) * bytes;
    for (size_t i = 0; i < bytes; ++i) sums[i] += weight[k] * row[i];
  }
  for (size_t i = 0; i < bytes; ++i) out[i] = Round(sums[i]);
}

const uint8_t* PixelAt(const Image& image, int y, int x) {
  return image.pixels.data() + 3 * (static_cast<size_t>(y) * image.width + x);
}

void CopyWindow(const Image& image, const Box& source, const Box& window, uint8_t* out) {
  const size_t bytes = 3 * static_cast<size_t>(window.width);
  for (int row = 0; row < window.height; ++row, out += bytes) {
    std::memcpy(out, PixelAt(image, source.y + window.y + row, source.x + window.x), bytes);
  }
}

}  // namespace

void ResizeBilinear(const Image& image, const Box& source, int height, int width, const Box& window,
                    uint8_t* out) {
  if (source.height == height && source.width == width) {
    CopyWindow(image, source, window, out);
    return;
  }
  const Filter across = MakeFilter(source.width, width, window.x, window.width);
  const Filter down = MakeFilter(source.height, height, window.y, window.height);
  const int first = down.taps.front().first;
  const int last = down.taps.back().first + down.taps.back().count;
  const size_t bytes = 3 * static_cast<size_t>(window.width);
  std::vector<uint8_t> rows(static_cast<size_t>(last - first) * bytes);
  for (int y = first; y < last; ++y) {
    FilterRow(across, PixelAt(image, source.y + y, source.x), &rows[(y - first) * bytes]);
  }
  std::vector<int> sums;
  for (Taps taps : down.taps) {
    taps.first -= first;
    FilterColumn(taps, down.weights.data() + taps.weights, rows.data(), bytes, sums, out);
    out += bytes;
  }
}

}  // namespace dse
