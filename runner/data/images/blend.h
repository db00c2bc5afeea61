#pragma once

#include <cstdint>
#include <span>

namespace dse {

// The inner loops of scaling: weighted sums of pixels with weights in whole multiples of
// 2^-kWeightBits that sum to 1. Exact integers, so vector instructions change no byte.
inline constexpr int kWeightBits = 14;
inline constexpr int kWeightOne = 1 << kWeightBits;

// Weights two by two, the second in the upper half; an odd one out is paired with 0.
using WeightPair = uint32_t;

// out[i] = the weighted sum of in[k * pitch + i] over rows k < rows, for i < bytes.
void BlendRows(const uint8_t* in, size_t pitch, int rows, std::span<const WeightPair> weights,
               size_t bytes, uint8_t* out);

// What one output pixel of a row is made of: pixels from `first` on, as many as there are weights.
struct PixelTaps {
  int first = 0;
  std::span<const WeightPair> weights;
};

// One RGB pixel of `out` for each of `taps`. Up to 8 bytes behind the last pixel of `in` are read.
void BlendPixels(const uint8_t* in, std::span<const PixelTaps> taps, uint8_t* out);

}  // namespace dse
