#pragma once

#include <cstdint>

namespace dse::cpu {

// Row kernels of batch normalisation over [rows, channels] float matrices, which is what
// channels_last activations are. Vectors of one channel each are repeated to `period` = repeat *
// channels lanes, a multiple of 16, so that any number of channels is worked on in whole vectors;
// RowLayout says how often.
struct RowLayout {
  explicit RowLayout(int64_t channel_count) : channels(channel_count) {
    while (repeat * channels % 16 != 0 || repeat * channels < 64) repeat *= 2;
    period = repeat * channels;
  }
  int64_t channels;
  int64_t repeat = 1;
  int64_t period;
};

// One implementation per instruction set. No pointer but `out` arrays may alias another; all
// per-lane arrays hold `period` floats. Rows need not be a multiple of `repeat`.
struct NormRows {
  // sum += x - shift and square += (x - shift)^2, lane by lane.
  void (*sums)(const RowLayout& layout, int64_t rows, const float* x, const float* shift,
               float* sum, float* square);

  // y = x * scale + offset (+ residual, unless null), then max(y, 0) if `relu`; NaN stays NaN.
  void (*apply)(const RowLayout& layout, int64_t rows, const float* x, const float* residual,
                const float* scale, const float* offset, bool relu, float* y);

  // With g = dy where y > 0, else 0 (g = dy if y is null): sum += g, dot += g * (x - mean).
  void (*gradient_sums)(const RowLayout& layout, int64_t rows, const float* dy, const float* y,
                        const float* x, const float* mean, float* sum, float* dot);

  // With the same g: dx = a * g + b * x + d; dresidual = g unless null.
  void (*gradient)(const RowLayout& layout, int64_t rows, const float* dy, const float* y,
                   const float* x, const float* a, const float* b, const float* d, float* dx,
                   float* dresidual);
};

// The implementation for this processor; chosen once.
const NormRows& BestNormRows();

// What it is chosen from. Only call one that the processor supports.
const NormRows& GenericNormRows();
#if defined(__x86_64__)
const NormRows& Avx2NormRows();    // AVX2 and FMA
const NormRows& Avx512NormRows();  // AVX-512 F, DQ and VL
#endif

}  // namespace dse::cpu
