// Grouped convolutions with few channels in a group, which divide a vector: one permutation spreads
// input channel i of every group over its group, and serves all taps. Images are staged a vector of
// channels at a time: a pixel is a vector, pixels lie side by side. Weights and their gradient:
// [vector of channels][input i][tap][lane].
#if defined(DSE_KERNELS_LANE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DSE_KERNELS_LANE_INL_H_
#undef DSE_KERNELS_LANE_INL_H_
#else
#define DSE_KERNELS_LANE_INL_H_
#endif

#include <cstddef>

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

// kRows x kColumns pixels of y; `in` is the staged place of the first tap of the first of them.
template <int kGroup, int kKernel, int kStride, int kRows, int kColumns>
HWY_INLINE void LaneBlock(const float* in, ptrdiff_t row, const float* w, float* out,
                          ptrdiff_t out_row, ptrdiff_t out_column, bool half) {
  V sum[kRows][kColumns];
  DSE_UNROLL for (int y = 0; y < kRows; y++) {
    DSE_UNROLL for (int x = 0; x < kColumns; x++) sum[y][x] = Zero();
  }
  for (int i = 0; i < kGroup; i++, w += kKernel * kKernel * kLanes) {
    const Indices indices = GroupIndices<kGroup>(i);
    V weight[kKernel * kKernel];
    DSE_UNROLL for (int k = 0; k < kKernel * kKernel; k++) weight[k] = Load(w + k * kLanes);
    DSE_UNROLL for (int r = 0; r < (kRows - 1) * kStride + kKernel; r++) {
      DSE_UNROLL for (int c = 0; c < (kColumns - 1) * kStride + kKernel; c++) {
        const V a = Spread<kGroup>(in + r * row + c * kLanes, i, indices);
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
      StoreFullOrHalf(sum[y][x], half, out + y * out_row + x * out_column);
    }
  }
}

// Columns 2x and 2x + 1 of a row of dx, of the parity kOdd, where the stride is 2; `in` is the
// staged pixel of dy above and left of the one at half the place. Odd columns from `width` on are
// left out.
template <int kGroup, int kKernel, bool kOdd, int kColumns>
HWY_INLINE void LaneParityBlock(const float* in, ptrdiff_t row, const float* w, float* out,
                                ptrdiff_t out_column, int width, bool half) {
  constexpr int kPad = kKernel / 2;
  V sum[2][kColumns];
  DSE_UNROLL for (int x = 0; x < kColumns; x++) sum[0][x] = sum[1][x] = Zero();
  for (int i = 0; i < kGroup; i++, w += kKernel * kKernel * kLanes) {
    const Indices indices = GroupIndices<kGroup>(i);
    DSE_UNROLL for (int ky = (kPad + kOdd) % 2; ky < kKernel; ky += 2) {
      V weight[kKernel];
      DSE_UNROLL for (int k = 0; k < kKernel; k++) weight[k] =
          Load(w + (ky * kKernel + k) * kLanes);
      const float* from = in + ((kOdd + kPad - ky) / 2 + 1) * row;
      DSE_UNROLL for (int c = -1; c <= kColumns; c++) {
        const V a = Spread<kGroup>(from + (c + 1) * kLanes, i, indices);
        DSE_UNROLL for (int k = 0; k < kKernel; k++) {
          const int odd = (k + kPad) % 2, x = c - (odd + kPad - k) / 2;
          if (x >= 0 && x < kColumns) sum[odd][x] = MulAdd(a, weight[k], sum[odd][x]);
        }
      }
    }
  }
  DSE_UNROLL for (int x = 0; x < kColumns; x++) {
    StoreFullOrHalf(sum[0][x], half, out + 2 * x * out_column);
    if (2 * x + 1 < width) StoreFullOrHalf(sum[1][x], half, out + (2 * x + 1) * out_column);
  }
}

// Adds kKernelRows x kKernel taps of kInputs inputs to the gradient. `x` is the staged place of the
// first of these taps, dy's columns are a multiple of kColumns. x_row: of kStride rows.
template <int kGroup, int kKernel, int kStride, int kKernelRows, int kInputs, int kColumns>
HWY_NOINLINE void LaneGradient(const float* x, ptrdiff_t x_tap_row, const float* dy, int rows,
                               int columns, int first_input, float* gradient) {
  V sum[kKernelRows][kKernel][kInputs];
  DSE_UNROLL for (int r = 0; r < kKernelRows; r++) {
    DSE_UNROLL for (int k = 0; k < kKernel; k++) {
      DSE_UNROLL for (int i = 0; i < kInputs; i++) sum[r][k][i] = Zero();
    }
  }
  for (int y = 0; y < rows; y++, x += kStride * x_tap_row) {
    const float* in = x;
    for (int c = 0; c < columns; c += kColumns, in += kColumns * kStride * kLanes) {
      V d[kColumns];
      DSE_UNROLL for (int j = 0; j < kColumns; j++, dy += kLanes) d[j] = Load(dy);
      DSE_UNROLL for (int r = 0; r < kKernelRows; r++) {
        DSE_UNROLL for (int j = 0; j < (kColumns - 1) * kStride + kKernel; j++) {
          DSE_UNROLL for (int i = 0; i < kInputs; i++) {
            const V a = Spread<kGroup>(in + r * x_tap_row + j * kLanes, first_input + i,
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
  }
  DSE_UNROLL for (int r = 0; r < kKernelRows; r++) {
    DSE_UNROLL for (int k = 0; k < kKernel; k++) {
      DSE_UNROLL for (int i = 0; i < kInputs; i++) {
        float* out = gradient + (i * kKernel * kKernel + r * kKernel + k) * kLanes;
        Store(Add(Load(out), sum[r][k][i]), out);
      }
    }
  }
}

// Inputs kFirst to kFirst + 3 of each group of a pixel, spread without an index: the four are
// broadcast within 128 bits.
template <int kGroup, int kHalf>
HWY_INLINE V BlockOf(V pixel) {
  if constexpr (kGroup == 4) return pixel;
  const V swapped = hn::SwapAdjacentBlocks(pixel);
  return kHalf == 0 ? hn::OddEvenBlocks(swapped, pixel) : hn::OddEvenBlocks(pixel, swapped);
}

// sum[k][i] += x of input i * d[k], for the taps kFirst to kLast.
template <int kFirst, int kLast>
HWY_INLINE void SlideStep(const float* pixel, const V (&d)[3], V (&sum)[3][8]) {
  const V v = Load(pixel), low = BlockOf<8, 0>(v), high = BlockOf<8, 1>(v);
  const V a[8] = {hn::Broadcast<0>(low),  hn::Broadcast<1>(low),  hn::Broadcast<2>(low),
                  hn::Broadcast<3>(low),  hn::Broadcast<0>(high), hn::Broadcast<1>(high),
                  hn::Broadcast<2>(high), hn::Broadcast<3>(high)};
  DSE_UNROLL for (int i = 0; i < 8; i++) {
    DSE_UNROLL for (int k = kFirst; k <= kLast; k++) sum[k][i] = MulAdd(a[i], d[k], sum[k][i]);
  }
}

// The gradient of a row of taps of all 8 inputs, for groups of 8 and stride 1. A window of three
// pixels of dy slides along; columns >= 2.
inline HWY_NOINLINE void LaneGradientSliding(const float* x, ptrdiff_t x_row, const float* dy,
                                             int rows, int columns, float* gradient) {
  V sum[3][8];
  DSE_UNROLL for (int k = 0; k < 3; k++) {
    DSE_UNROLL for (int i = 0; i < 8; i++) sum[k][i] = Zero();
  }
  for (int y = 0; y < rows; y++, x += x_row, dy += ptrdiff_t(columns) * kLanes) {
    V d[3] = {Load(dy), Zero(), Zero()};
    SlideStep<0, 0>(x, d, sum);
    d[1] = d[0], d[0] = Load(dy + kLanes);
    SlideStep<0, 1>(x + kLanes, d, sum);
    for (int c = 2; c < columns; c++) {
      d[2] = d[1], d[1] = d[0], d[0] = Load(dy + c * kLanes);
      SlideStep<0, 2>(x + c * kLanes, d, sum);
    }
    d[2] = d[1], d[1] = d[0];
    SlideStep<1, 2>(x + columns * kLanes, d, sum);
    d[2] = d[1];
    SlideStep<2, 2>(x + (columns + 1) * kLanes, d, sum);
  }
  DSE_UNROLL for (int k = 0; k < 3; k++) {
    DSE_UNROLL for (int i = 0; i < 8; i++) {
      float* out = gradient + (i * 9 + k) * kLanes;
      Store(Add(Load(out), sum[k][i]), out);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace dse
HWY_AFTER_NAMESPACE();
#endif  // DSE_HAS_VECTORS
#endif  // DSE_KERNELS_LANE_INL_H_
