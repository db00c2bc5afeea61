#pragma once

// The kernels of norm_rows.h, included by one source per instruction set and compiled with that
// set's flags. Everything here has internal linkage and nothing else is included, so that no
// function compiled for a newer processor can be picked by the linker for the rest of the program.

#include "runner/torch/cpu/norm_rows.h"

namespace dse::cpu {
namespace {

constexpr int64_t kLanes = 16;
constexpr int64_t kUnroll = 4;  // vectors kept in registers

using Vec = float __attribute__((vector_size(64)));
using LooseVec = float __attribute__((vector_size(64), aligned(4), may_alias));

#define DSE_INLINE inline __attribute__((always_inline))

DSE_INLINE void Load(const float* from, Vec& to) { to = *reinterpret_cast<const LooseVec*>(from); }
DSE_INLINE void Store(const Vec& from, float* to) { *reinterpret_cast<LooseVec*>(to) = from; }

constexpr int64_t Smaller(int64_t a, int64_t b) { return a < b ? a : b; }
constexpr int64_t Larger(int64_t a, int64_t b) { return a > b ? a : b; }

// Accumulates two sums over the rows of `kVectors` neighbouring vectors, starting at lane `lane`,
// for periods first..last-1. `terms(offset, vector, first_term, second_term)` gives what is added.
template <int64_t kVectors, typename Terms>
DSE_INLINE void Accumulate(int64_t first, int64_t last, int64_t period, int64_t lane, float* sum_a,
                           float* sum_b, const Terms& terms) {
  Vec a[kVectors], b[kVectors];
  for (int64_t v = 0; v < kVectors; ++v) {
    Load(sum_a + lane + v * kLanes, a[v]);
    Load(sum_b + lane + v * kLanes, b[v]);
  }
  for (int64_t p = first; p < last; ++p) {
    for (int64_t v = 0; v < kVectors; ++v) {
      Vec term_a, factor_b;
      terms(p * period + lane + v * kLanes, lane + v * kLanes, term_a, factor_b);
      a[v] += term_a;
      b[v] += term_a * factor_b;
    }
  }
  for (int64_t v = 0; v < kVectors; ++v) {
    Store(a[v], sum_a + lane + v * kLanes);
    Store(b[v], sum_b + lane + v * kLanes);
  }
}

// Walks all whole periods in tiles that stay in the first-level cache.
template <typename Terms>
DSE_INLINE void AccumulatePeriods(const RowLayout& layout, int64_t periods, float* sum_a,
                                  float* sum_b, const Terms& terms) {
  const int64_t tile = Larger(8, 2048 / layout.period);
  for (int64_t first = 0; first < periods; first += tile) {
    const int64_t last = Smaller(periods, first + tile);
    int64_t lane = 0;
    for (; lane + kUnroll * kLanes <= layout.period; lane += kUnroll * kLanes) {
      Accumulate<kUnroll>(first, last, layout.period, lane, sum_a, sum_b, terms);
    }
    for (; lane < layout.period; lane += kLanes) {
      Accumulate<1>(first, last, layout.period, lane, sum_a, sum_b, terms);
    }
  }
}

void Sums(const RowLayout& layout, int64_t rows, const float* x, const float* shift, float* sum,
          float* square) {
  const int64_t periods = rows / layout.repeat;
  AccumulatePeriods(
      layout, periods, sum, square,
      [&](int64_t at, int64_t lane, Vec & term, Vec & factor) __attribute__((always_inline)) {
        Vec value, center;
        Load(x + at, value);
        Load(shift + lane, center);
        term = value - center;
        factor = term;
      });
  for (int64_t i = periods * layout.period, lane = 0; i < rows * layout.channels; ++i, ++lane) {
    const float term = x[i] - shift[lane];
    sum[lane] += term;
    square[lane] += term * term;
  }
}

template <bool kResidual, bool kRelu>
void ApplyRows(const RowLayout& layout, int64_t rows, const float* x, const float* residual,
               const float* scale, const float* offset, float* y) {
  const int64_t periods = rows / layout.repeat;
  for (int64_t p = 0; p < periods; ++p) {
    for (int64_t lane = 0; lane < layout.period; lane += kLanes) {
      const int64_t at = p * layout.period + lane;
      Vec value, factor, term;
      Load(x + at, value);
      Load(scale + lane, factor);
      Load(offset + lane, term);
      value = value * factor + term;
      if constexpr (kResidual) {
        Load(residual + at, term);
        value += term;
      }
      if constexpr (kRelu) value = value < 0.0f ? Vec{} : value;
      Store(value, y + at);
    }
  }
  for (int64_t i = periods * layout.period, lane = 0; i < rows * layout.channels; ++i, ++lane) {
    float value = x[i] * scale[lane] + offset[lane];
    if constexpr (kResidual) value += residual[i];
    if constexpr (kRelu) value = value < 0.0f ? 0.0f : value;
    y[i] = value;
  }
}

void Apply(const RowLayout& layout, int64_t rows, const float* x, const float* residual,
           const float* scale, const float* offset, bool relu, float* y) {
  if (residual != nullptr) {
    if (relu) {
      ApplyRows<true, true>(layout, rows, x, residual, scale, offset, y);
    } else {
      ApplyRows<true, false>(layout, rows, x, residual, scale, offset, y);
    }
  } else if (relu) {
    ApplyRows<false, true>(layout, rows, x, residual, scale, offset, y);
  } else {
    ApplyRows<false, false>(layout, rows, x, residual, scale, offset, y);
  }
}

template <bool kMask>
DSE_INLINE void LoadGradient(const float* dy, const float* y, int64_t at, Vec& gradient) {
  Load(dy + at, gradient);
  if constexpr (kMask) {
    Vec output;
    Load(y + at, output);
    gradient = output > 0.0f ? gradient : Vec{};
  }
}

template <bool kMask>
void GradientSumsRows(const RowLayout& layout, int64_t rows, const float* dy, const float* y,
                      const float* x, const float* mean, float* sum, float* dot) {
  const int64_t periods = rows / layout.repeat;
  AccumulatePeriods(
      layout, periods, sum, dot,
      [&](int64_t at, int64_t lane, Vec & gradient, Vec & centered) __attribute__((always_inline)) {
        LoadGradient<kMask>(dy, y, at, gradient);
        Vec center;
        Load(x + at, centered);
        Load(mean + lane, center);
        centered -= center;
      });
  for (int64_t i = periods * layout.period, lane = 0; i < rows * layout.channels; ++i, ++lane) {
    const float gradient = kMask && !(y[i] > 0.0f) ? 0.0f : dy[i];
    sum[lane] += gradient;
    dot[lane] += gradient * (x[i] - mean[lane]);
  }
}

void GradientSums(const RowLayout& layout, int64_t rows, const float* dy, const float* y,
                  const float* x, const float* mean, float* sum, float* dot) {
  if (y != nullptr) {
    GradientSumsRows<true>(layout, rows, dy, y, x, mean, sum, dot);
  } else {
    GradientSumsRows<false>(layout, rows, dy, y, x, mean, sum, dot);
  }
}

template <bool kMask, bool kResidual>
void GradientRows(const RowLayout& layout, int64_t rows, const float* dy, const float* y,
                  const float* x, const float* a, const float* b, const float* d, float* dx,
                  float* dresidual) {
  const int64_t periods = rows / layout.repeat;
  for (int64_t p = 0; p < periods; ++p) {
    for (int64_t lane = 0; lane < layout.period; lane += kLanes) {
      const int64_t at = p * layout.period + lane;
      Vec gradient, value, factor_a, factor_b, term;
      LoadGradient<kMask>(dy, y, at, gradient);
      if constexpr (kResidual) Store(gradient, dresidual + at);
      Load(x + at, value);
      Load(a + lane, factor_a);
      Load(b + lane, factor_b);
      Load(d + lane, term);
      value = factor_a * gradient + (factor_b * value + term);
      Store(value, dx + at);
    }
  }
  for (int64_t i = periods * layout.period, lane = 0; i < rows * layout.channels; ++i, ++lane) {
    const float gradient = kMask && !(y[i] > 0.0f) ? 0.0f : dy[i];
    if constexpr (kResidual) dresidual[i] = gradient;
    dx[i] = a[lane] * gradient + (b[lane] * x[i] + d[lane]);
  }
}

void Gradient(const RowLayout& layout, int64_t rows, const float* dy, const float* y,
              const float* x, const float* a, const float* b, const float* d, float* dx,
              float* dresidual) {
  const bool mask = y != nullptr;
  if (dresidual != nullptr) {
    if (mask) {
      GradientRows<true, true>(layout, rows, dy, y, x, a, b, d, dx, dresidual);
    } else {
      GradientRows<false, true>(layout, rows, dy, y, x, a, b, d, dx, dresidual);
    }
  } else if (mask) {
    GradientRows<true, false>(layout, rows, dy, y, x, a, b, d, dx, dresidual);
  } else {
    GradientRows<false, false>(layout, rows, dy, y, x, a, b, d, dx, dresidual);
  }
}

constexpr NormRows kNormRows{Sums, Apply, GradientSums, Gradient};

#undef DSE_INLINE

}  // namespace
}  // namespace dse::cpu
