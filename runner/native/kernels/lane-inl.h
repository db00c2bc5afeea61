// Grouped convolutions with few channels in a group, which divide a vector: one permutation spreads
// input channel i of every group over its group, and serves all taps. A vector of channels is taken
// at a time, from where the image lies: taps outside of it are passed over. The last vector may
// have fewer channels than lanes; those above hold what is never stored. Weights and their
// gradient: [vector of channels][input i][tap][lane of an output]; the gradient that
// LaneGradientStriding makes: [vector of channels][output o][tap][lane of an input].
#if defined(DSE_KERNELS_LANE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DSE_KERNELS_LANE_INL_H_
#undef DSE_KERNELS_LANE_INL_H_
#else
#define DSE_KERNELS_LANE_INL_H_
#endif

#include <algorithm>
#include <cstddef>

#include "runner/native/kernels/prefetcher.h"
#include "runner/native/kernels/vec-inl.h"

#if DSE_HAS_VECTORS
HWY_BEFORE_NAMESPACE();
namespace dse {
namespace HWY_NAMESPACE {

constexpr bool kWide = kRegisters == 32;

// Where the lanes of a group of kGroup take input i from.
template <int kGroup>
HWY_INLINE Indices GroupIndices(int i) {
  const hn::RebindToSigned<D> d;
  return hn::IndicesFromVec(D(),
                            Add(hn::And(hn::Iota(d, 0), hn::Set(d, ~(kGroup - 1))), hn::Set(d, i)));
}

template <int kGroup>
HWY_INLINE V Spread(const float* pixel, int i, Indices indices) {
  if constexpr (kGroup == 1) return Load(pixel);
  if constexpr (kGroup == kLanes) return Set(pixel[i]);
  return hn::TableLookupLanes(Load(pixel), indices);
}

// What lies inside of the image of the rows and columns that a block reads, counted from the first.
struct Inside {
  int top, bottom, left, right;
};
HWY_INLINE bool Has(int from, int to, int first, int count, int edge) {
  // Only the first and the last `edge` can lie outside.
  return (first >= edge || first >= from) && (first < count - edge || first < to);
}

// kRows x kColumns pixels of y; `in` is the place of the first tap of the first of them, which may
// lie outside.
template <int kGroup, int kKernel, int kStride, int kRows, int kColumns>
HWY_INLINE void LaneBlock(const float* in, ptrdiff_t row, ptrdiff_t column, const Inside& inside,
                          const float* w, float* out, ptrdiff_t out_row, int channels,
                          Prefetcher& prefetcher) {
  constexpr int kInRows = (kRows - 1) * kStride + kKernel;
  constexpr int kInColumns = (kColumns - 1) * kStride + kKernel;
  V sum[kRows][kColumns];
  DSE_UNROLL for (int y = 0; y < kRows; y++) {
    DSE_UNROLL for (int x = 0; x < kColumns; x++) sum[y][x] = Zero();
  }
  constexpr int kLines = std::max(1, 8 / kGroup);  // of an input and a row: about what y takes
  Prefetcher::Lines lines = prefetcher.Take(kGroup * kInRows * kLines);
  for (int i = 0; i < kGroup; i++, w += kKernel * kKernel * kLanes) {
    const Indices indices = GroupIndices<kGroup>(i);
    V weight[kKernel * kKernel];
    DSE_UNROLL for (int k = 0; k < kKernel * kKernel; k++) weight[k] = Load(w + k * kLanes);
    DSE_UNROLL for (int r = 0; r < kInRows; r++) {
      if (!Has(inside.top, inside.bottom, r, kInRows, kKernel / 2)) continue;
      const float* pixels = in + r * row;
      DSE_UNROLL for (int n = 0; n < kLines; n++) lines.FetchOne();
      DSE_UNROLL for (int c = 0; c < kInColumns; c++) {
        if (!Has(inside.left, inside.right, c, kInColumns, kKernel / 2)) continue;
        const V a = Spread<kGroup>(pixels + c * column, i, indices);
        DSE_UNROLL for (int y = 0; y < kRows; y++) {
          const int ky = r - y * kStride;
          DSE_UNROLL for (int kx = 0; kx < kKernel; kx++) {
            const int x = (c - kx) / kStride;
            if (ky >= 0 && ky < kKernel && c >= kx && (c - kx) % kStride == 0 && x < kColumns) {
              sum[y][x] = MulAdd(a, weight[ky * kKernel + kx], sum[y][x]);
            }
          }
        }
      }
    }
  }
  DSE_UNROLL for (int y = 0; y < kRows; y++) {
    DSE_UNROLL for (int x = 0; x < kColumns; x++) {
      StoreFirst(sum[y][x], channels, out + y * out_row + x * column);
    }
  }
}

// Columns 2x and 2x + 1 of a row of dx, of the parity kOdd, where the stride is 2; `in` is the
// pixel of dy above and left of the one at half the place. Odd columns from `width` on are left
// out.
template <int kGroup, int kKernel, bool kOdd, int kColumns>
HWY_INLINE void LaneParityBlock(const float* in, ptrdiff_t row, ptrdiff_t column,
                                const Inside& inside, const float* w, float* out, int width,
                                int channels, Prefetcher& prefetcher) {
  constexpr int kPad = kKernel / 2;
  V sum[2][kColumns];
  DSE_UNROLL for (int x = 0; x < kColumns; x++) sum[0][x] = sum[1][x] = Zero();
  Prefetcher::Lines lines = prefetcher.Take(2 * kGroup);
  for (int i = 0; i < kGroup; i++, w += kKernel * kKernel * kLanes) {
    const Indices indices = GroupIndices<kGroup>(i);
    DSE_UNROLL for (int n = 0; n < 2; n++) lines.FetchOne();
    DSE_UNROLL for (int ky = (kPad + kOdd) % 2; ky < kKernel; ky += 2) {
      const int r = (kOdd + kPad - ky) / 2 + 1;
      if (!Has(inside.top, inside.bottom, r, 3, 1)) continue;
      V weight[kKernel];
      DSE_UNROLL for (int k = 0; k < kKernel; k++) weight[k] =
          Load(w + (ky * kKernel + k) * kLanes);
      DSE_UNROLL for (int c = kKernel == 3 ? 1 : 0; c < kColumns + 2; c++) {
        if (!Has(inside.left, inside.right, c, kColumns + 2, 1)) continue;
        const V a = Spread<kGroup>(in + r * row + c * column, i, indices);
        DSE_UNROLL for (int k = 0; k < kKernel; k++) {
          const int odd = (k + kPad) % 2, x = c - 1 - (odd + kPad - k) / 2;
          if (x >= 0 && x < kColumns) sum[odd][x] = MulAdd(a, weight[k], sum[odd][x]);
        }
      }
    }
  }
  DSE_UNROLL for (int x = 0; x < kColumns; x++) {
    StoreFirst(sum[0][x], channels, out + 2 * x * column);
    if (2 * x + 1 < width) StoreFirst(sum[1][x], channels, out + (2 * x + 1) * column);
  }
}

// Where the gradient of a band of rows comes from. `x` is the place of the first tap of the first
// pixel, of which rows top to bottom and columns left to right lie inside of the image.
struct LaneGradientSource {
  const float *x, *dy;
  ptrdiff_t x_row, column;  // floats; a pixel of x takes as many as one of dy
  int height, width;        // of x
  int first_row;            // of x, that x points to; may be negative
  int rows, columns;        // of dy
};

template <int kKernel, int kKernelRows, int kInputs>
using GradientSums = V[kKernelRows][kKernel][kInputs];

// kColumns pixels of dy. `top` and `bottom`: which of the kernel's rows lie inside.
template <int kGroup, int kKernel, int kStride, int kKernelRows, int kInputs, int kColumns>
HWY_INLINE void LaneGradientStep(const float* x, const float* dy, const LaneGradientSource& s,
                                 const Inside& inside, int first_input,
                                 GradientSums<kKernel, kKernelRows, kInputs>& sum) {
  constexpr int kInColumns = (kColumns - 1) * kStride + kKernel;
  V d[kColumns];
  DSE_UNROLL for (int j = 0; j < kColumns; j++) d[j] = Load(dy + j * s.column);
  DSE_UNROLL for (int r = 0; r < kKernelRows; r++) {
    if (r < inside.top || r >= inside.bottom) continue;
    const float* pixels = x + r * s.x_row;
    DSE_UNROLL for (int j = 0; j < kInColumns; j++) {
      if (!Has(inside.left, inside.right, j, kInColumns, kKernel / 2)) continue;
      DSE_UNROLL for (int i = 0; i < kInputs; i++) {
        const V a = Spread<kGroup>(pixels + j * s.column, first_input + i,
                                   GroupIndices<kGroup>(first_input + i));
        DSE_UNROLL for (int k = 0; k < kKernel; k++) {
          const int n = (j - k) / kStride;
          if (j >= k && (j - k) % kStride == 0 && n < kColumns) {
            sum[r][k][i] = MulAdd(a, d[n], sum[r][k][i]);
          }
        }
      }
    }
  }
}

// Adds kKernelRows x kKernel taps of kInputs inputs to the gradient: blocks of kColumns pixels of
// dy, and single ones behind them.
template <int kGroup, int kKernel, int kStride, int kKernelRows, int kInputs, int kColumns>
HWY_NOINLINE void LaneGradient(const LaneGradientSource& s, int first_input, float* gradient,
                               int channels) {
  constexpr int kPad = kKernel / 2;
  GradientSums<kKernel, kKernelRows, kInputs> sum;
  DSE_UNROLL for (int r = 0; r < kKernelRows; r++) {
    DSE_UNROLL for (int k = 0; k < kKernel; k++) {
      DSE_UNROLL for (int i = 0; i < kInputs; i++) sum[r][k][i] = Zero();
    }
  }
  for (int y = 0; y < s.rows; y++) {
    const float* x = s.x + y * kStride * s.x_row;
    const float* dy = s.dy + y * s.columns * s.column;
    const int first_row = s.first_row + y * kStride;
    Inside inside{-first_row, s.height - first_row, kPad, s.width + kPad};
    int c = 0;
    const auto move = [&](int columns) HWY_ATTR {
      c += columns;
      x += columns * kStride * s.column;
      dy += columns * s.column;
      inside.left -= columns * kStride;
      inside.right -= columns * kStride;
    };
    for (; c + kColumns <= s.columns; move(kColumns)) {
      LaneGradientStep<kGroup, kKernel, kStride, kKernelRows, kInputs, kColumns>(x, dy, s, inside,
                                                                                 first_input, sum);
    }
    for (; c < s.columns; move(1)) {
      LaneGradientStep<kGroup, kKernel, kStride, kKernelRows, kInputs, 1>(x, dy, s, inside,
                                                                          first_input, sum);
    }
  }
  DSE_UNROLL for (int r = 0; r < kKernelRows; r++) {
    DSE_UNROLL for (int k = 0; k < kKernel; k++) {
      DSE_UNROLL for (int i = 0; i < kInputs; i++) {
        float* out = gradient + (i * kKernel * kKernel + r * kKernel + k) * kLanes;
        StoreFirst(Add(Load(out), sum[r][k][i]), channels, out);
      }
    }
  }
}

// A pixel with its four inputs of the first or second half of every eight in both halves, from
// where they are broadcast within 128 bits: no index is needed.
template <int kHalf>
HWY_INLINE V BlockOf(V pixel) {
  const V swapped = hn::SwapAdjacentBlocks(pixel);
  return kHalf == 0 ? hn::OddEvenBlocks(swapped, pixel) : hn::OddEvenBlocks(pixel, swapped);
}

// Eight inputs of groups of 8 or 16, each spread over its group.
template <int kGroup>
HWY_INLINE void SpreadEight(const float* pixel, int first_input, V (&a)[8]) {
  if constexpr (kGroup == 8) {
    const V v = Load(pixel), low = BlockOf<0>(v), high = BlockOf<1>(v);
    a[0] = hn::Broadcast<0>(low), a[1] = hn::Broadcast<1>(low);
    a[2] = hn::Broadcast<2>(low), a[3] = hn::Broadcast<3>(low);
    a[4] = hn::Broadcast<0>(high), a[5] = hn::Broadcast<1>(high);
    a[6] = hn::Broadcast<2>(high), a[7] = hn::Broadcast<3>(high);
  } else {
    DSE_UNROLL for (int i = 0; i < 8; i++) a[i] = Set(pixel[first_input + i]);
  }
}

// sum[k][i] += x of input i * d[k], for the taps kFirst to kLast.
template <int kGroup, int kFirst, int kLast>
HWY_INLINE void SlideStep(const float* pixel, int first_input, const V (&d)[3], V (&sum)[3][8]) {
  V a[8];
  SpreadEight<kGroup>(pixel, first_input, a);
  DSE_UNROLL for (int i = 0; i < 8; i++) {
    DSE_UNROLL for (int k = kFirst; k <= kLast; k++) sum[k][i] = MulAdd(a[i], d[k], sum[k][i]);
  }
}

// As LaneGradient, a row of taps of 8 inputs, for groups of 8 and 16, kernel 3 and stride 1: the
// three pixels of dy that a pixel of x meets slide along.
template <int kGroup>
HWY_NOINLINE void LaneGradientSliding(const LaneGradientSource& s, int first_input, float* gradient,
                                      int channels, Prefetcher& prefetcher) {
  Prefetcher::Lines lines = prefetcher.Take(s.rows * s.columns);
  V sum[3][8];
  DSE_UNROLL for (int k = 0; k < 3; k++) {
    DSE_UNROLL for (int i = 0; i < 8; i++) sum[k][i] = Zero();
  }
  const ptrdiff_t column = s.column;
  for (int y = 0; y < s.rows; y++) {
    if (s.first_row + y < 0 || s.first_row + y >= s.height) continue;
    const float *x = s.x + y * s.x_row + column, *dy = s.dy + y * s.columns * column;
    V d[3] = {Zero(), Load(dy), Zero()};
    if (s.columns == 1) {
      SlideStep<kGroup, 1, 1>(x, first_input, d, sum);
      continue;
    }
    d[0] = Load(dy + column);
    SlideStep<kGroup, 0, 1>(x, first_input, d, sum);
    x += column, dy += 2 * column;
    for (int c = 2; c < s.columns; c++, x += column, dy += column) {
      d[2] = d[1], d[1] = d[0], d[0] = Load(dy);
      lines.FetchOne();
      SlideStep<kGroup, 0, 2>(x, first_input, d, sum);
    }
    d[2] = d[1], d[1] = d[0];
    SlideStep<kGroup, 1, 2>(x, first_input, d, sum);
  }
  DSE_UNROLL for (int k = 0; k < 3; k++) {
    DSE_UNROLL for (int i = 0; i < 8; i++) {
      float* out = gradient + (i * 9 + k) * kLanes;
      StoreFirst(Add(Load(out), sum[k][i]), channels, out);
    }
  }
}

// sum[k][o] += x[k] * dy of output o, of eight outputs.
template <int kGroup>
HWY_INLINE void StrideStep(const float* dy, int first_output, const V (&x)[3], V (&sum)[3][8]) {
  V d[8];
  SpreadEight<kGroup>(dy, first_output, d);
  DSE_UNROLL for (int o = 0; o < 8; o++) {
    DSE_UNROLL for (int k = 0; k < 3; k++) sum[k][o] = MulAdd(x[k], d[o], sum[k][o]);
  }
}

// As LaneGradientSliding where the stride is 2: a row of taps of 8 outputs. A pixel of dy, not of
// x, of which there are twice as many, is spread; lanes of the gradient are inputs.
template <int kGroup>
HWY_NOINLINE void LaneGradientStriding(const LaneGradientSource& s, int first_output,
                                       float* gradient, int channels, Prefetcher& prefetcher) {
  Prefetcher::Lines lines = prefetcher.Take(s.rows * (s.columns - 1));
  V sum[3][8];
  DSE_UNROLL for (int k = 0; k < 3; k++) {
    DSE_UNROLL for (int o = 0; o < 8; o++) sum[k][o] = Zero();
  }
  const ptrdiff_t column = s.column;
  for (int y = 0; y < s.rows; y++) {
    const int row = s.first_row + 2 * y;
    if (row < 0 || row >= s.height) continue;
    const float* pixel = s.x + 2 * y * s.x_row + column;
    const float* dy = s.dy + y * s.columns * column;
    V x[3] = {Zero(), Zero(), Zero()};
    for (int c = 1; c < s.columns; c++, pixel += 2 * column, dy += column) {
      x[0] = x[2], x[1] = Load(pixel), x[2] = Load(pixel + column);
      lines.FetchOne();
      StrideStep<kGroup>(dy, first_output, x, sum);
    }
    x[0] = x[2], x[1] = Load(pixel);
    x[2] = s.width % 2 == 0 ? Load(pixel + column) : Zero();
    StrideStep<kGroup>(dy, first_output, x, sum);
  }
  DSE_UNROLL for (int k = 0; k < 3; k++) {
    DSE_UNROLL for (int o = 0; o < 8; o++) {
      float* out = gradient + (o * 9 + k) * kLanes;
      StoreFirst(Add(Load(out), sum[k][o]), channels, out);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace dse
HWY_AFTER_NAMESPACE();
#endif  // DSE_HAS_VECTORS
#endif  // DSE_KERNELS_LANE_INL_H_
