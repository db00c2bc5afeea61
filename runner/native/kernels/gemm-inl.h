// Products of a row of pixels with a list of taps: y[m][n] = sum over taps t and inputs i of
// x[m + offset of t][i] * w[t][i][n], and the gradient of w. Weights lie in panels of 1 to 3
// vectors of outputs: [panel][tap][input][vectors x lanes], the last one filled up with zeros.
#if defined(DSE_KERNELS_GEMM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DSE_KERNELS_GEMM_INL_H_
#undef DSE_KERNELS_GEMM_INL_H_
#else
#define DSE_KERNELS_GEMM_INL_H_
#endif

#include <algorithm>
#include <cstddef>

#include "runner/native/kernels/vec-inl.h"

#if DSE_HAS_VECTORS
HWY_BEFORE_NAMESPACE();
namespace dse {
namespace HWY_NAMESPACE {

struct Tap {
  ptrdiff_t offset;  // floats from a pixel's place to what the tap reads
  int number;        // in the weights
};

constexpr int kMaxTaps = 49;

struct TapList {
  Tap taps[kMaxTaps];
  int count = 0;
};

// Pixels of `rows` x `columns`; a row is `row` floats behind the one before, a pixel `column`.
struct Source {
  const float* p;
  ptrdiff_t row, column;
};
struct Sink {
  float* p;
  ptrdiff_t row, column;
};
struct Area {
  int rows, columns;
};

constexpr int CeilDiv(int a, int b) { return (a + b - 1) / b; }
constexpr int RoundUp(int a, int b) { return CeilDiv(a, b) * b; }

// Vectors in the next panel where so many are left.
constexpr int PanelVectors(int left) { return left == 4 ? 2 : left < 3 ? left : 3; }

// Taps [first, last) and of each the inputs [from, to): as many weights as stay in the L1 cache.
struct Chunk {
  const Tap *first, *last;
  int from, to, inputs;
};

template <int kRows, int kVectors>
HWY_INLINE void GemmTile(const float* x, ptrdiff_t column, const Chunk& c, const float* w, float* y,
                         ptrdiff_t out_column, bool half, bool add) {
  V sum[kRows][kVectors];
  DSE_UNROLL for (int r = 0; r < kRows; r++) {
    DSE_UNROLL for (int v = 0; v < kVectors; v++) sum[r][v] = Zero();
  }
  for (const Tap* t = c.first; t < c.last; t++) {
    const float* in = x + t->offset;
    const float* weight = w + (ptrdiff_t(t->number) * c.inputs + c.from) * kVectors * kLanes;
    for (int i = c.from; i < c.to; i++, weight += kVectors * kLanes) {
      V b[kVectors];
      DSE_UNROLL for (int v = 0; v < kVectors; v++) b[v] = Load(weight + v * kLanes);
      DSE_UNROLL for (int r = 0; r < kRows; r++) {
        const V a = Set(in[r * column + i]);
        DSE_UNROLL for (int v = 0; v < kVectors; v++) sum[r][v] = MulAdd(a, b[v], sum[r][v]);
      }
    }
  }
  DSE_UNROLL for (int r = 0; r < kRows; r++) {
    DSE_UNROLL for (int v = 0; v < kVectors; v++) {
      float* out = y + r * out_column + v * kLanes;
      const bool last_half = half && v == kVectors - 1;
      if (add) sum[r][v] = Add(sum[r][v], last_half ? LoadHalf(out) : Load(out));
      StoreFullOrHalf(sum[r][v], last_half, out);
    }
  }
}

// Tiles of kRows pixels from column m on, as many as fit; answers the column behind them.
template <int kRows, int kVectors>
HWY_INLINE int GemmTiles(int m, int columns, const float* x, ptrdiff_t column, const Chunk& c,
                         const float* w, float* y, ptrdiff_t out_column, bool half, bool add) {
  for (; m + kRows <= columns; m += kRows) {
    GemmTile<kRows, kVectors>(x + m * column, column, c, w, y + m * out_column, out_column, half,
                              add);
  }
  return m;
}

template <int kVectors>
HWY_NOINLINE void GemmRow(int columns, const float* x, ptrdiff_t column, const Chunk& c,
                          const float* w, float* y, ptrdiff_t out_column, bool half, bool add) {
  int m = 0;
#define DSE_TILES(rows) \
  m = GemmTiles<rows, kVectors>(m, columns, x, column, c, w, y, out_column, half, add)
  if constexpr (kRegisters == 32) {
    if constexpr (kVectors == 1) DSE_TILES(16);
    if constexpr (kVectors < 3) {
      if (columns % 14 == 0) DSE_TILES(14);
    }
    if (columns % 8 == 0) {
      DSE_TILES(8);
    } else {
      DSE_TILES(7);
    }
  } else if constexpr (kVectors == 1) {
    DSE_TILES(8);
  } else if constexpr (kVectors == 2) {
    DSE_TILES(6);
  }
  DSE_TILES(4);
  DSE_TILES(2);
  DSE_TILES(1);
#undef DSE_TILES
}

// Floats of the weights of one product.
constexpr size_t GemmFloats(int taps, int inputs, int outputs) {
  return size_t(taps) * inputs * RoundUp(outputs, kLanes);
}

// y = x * w over the taps of the list; the weights have all_taps.
inline void Gemm(const Source& x, const TapList& list, int all_taps, int inputs, int outputs,
                 const float* w, const Sink& y, const Area& area) {
  constexpr int kCacheFloats = 6 << 10;
  const int vectors = CeilDiv(outputs, kLanes);
  for (int first = 0; first < vectors;) {
    const int panel = PanelVectors(vectors - first);
    const bool half = (first + panel) * kLanes > outputs;
    const int steps = std::max(8, kCacheFloats / (panel * kLanes));
    const int input_step = inputs <= steps ? inputs : CeilDiv(inputs, CeilDiv(inputs, steps));
    const int tap_step = inputs <= steps ? std::max(1, steps / inputs) : 1;
    bool add = false;
    for (int t = 0; t < list.count; t += tap_step) {
      for (int i = 0; i < inputs; i += input_step, add = true) {
        const Chunk chunk{list.taps + t, list.taps + std::min(list.count, t + tap_step), i,
                          std::min(inputs, i + input_step), inputs};
        for (int r = 0; r < area.rows; r++) {
          const float* in = x.p + r * x.row;
          float* out = y.p + r * y.row + first * kLanes;
          if (panel == 1) {
            GemmRow<1>(area.columns, in, x.column, chunk, w, out, y.column, half, add);
          } else if (panel == 2) {
            GemmRow<2>(area.columns, in, x.column, chunk, w, out, y.column, half, add);
          } else {
            GemmRow<3>(area.columns, in, x.column, chunk, w, out, y.column, half, add);
          }
        }
      }
    }
    w += ptrdiff_t(all_taps) * inputs * panel * kLanes;
    first += panel;
  }
}

// Adds to kInputs x kVectors vectors of the gradient of w.
template <int kInputs, int kVectors>
HWY_NOINLINE void GemmGradientTile(const Source& x, const Source& dy, const Area& area,
                                   float* gradient, bool half) {
  V sum[kInputs][kVectors];
  DSE_UNROLL for (int i = 0; i < kInputs; i++) {
    DSE_UNROLL for (int v = 0; v < kVectors; v++) sum[i][v] = Zero();
  }
  const ptrdiff_t column = x.column, dy_column = dy.column;
  for (int r = 0; r < area.rows; r++) {
    const float *in = x.p + r * x.row, *d = dy.p + r * dy.row;
    for (int m = 0; m < area.columns; m++, in += column, d += dy_column) {
      V b[kVectors];
      DSE_UNROLL for (int v = 0; v < kVectors; v++) b[v] = Load(d + v * kLanes);
      DSE_UNROLL for (int i = 0; i < kInputs; i++) {
        const V a = Set(in[i]);
        DSE_UNROLL for (int v = 0; v < kVectors; v++) sum[i][v] = MulAdd(a, b[v], sum[i][v]);
      }
    }
  }
  DSE_UNROLL for (int i = 0; i < kInputs; i++) {
    DSE_UNROLL for (int v = 0; v < kVectors; v++) {
      float* out = gradient + (i * kVectors + v) * kLanes;
      // The lanes above half hold what lies behind dy's channels.
      StoreFullOrHalf(Add(Load(out), sum[i][v]), half && v == kVectors - 1, out);
    }
  }
}

template <int kInputs>
HWY_INLINE void GemmGradientPanel(int panel, const Source& x, const Source& dy, const Area& area,
                                  float* gradient, bool half) {
  if (panel == 1) {
    GemmGradientTile<kInputs, 1>(x, dy, area, gradient, half);
  } else if (panel == 2) {
    GemmGradientTile<kInputs, 2>(x, dy, area, gradient, half);
  } else {
    GemmGradientTile<kInputs, 3>(x, dy, area, gradient, half);
  }
}

// Adds the gradient of w; kInputs divides `inputs`. The list has all taps in their order.
template <int kInputs>
inline void GemmGradient(const Source& x, const TapList& list, int inputs, int outputs,
                         const Source& dy, const Area& area, float* gradient) {
  const int vectors = CeilDiv(outputs, kLanes);
  for (int first = 0; first < vectors;) {
    const int panel = PanelVectors(vectors - first);
    const bool half = (first + panel) * kLanes > outputs;
    for (int t = 0; t < list.count; t++) {
      for (int i = 0; i < inputs; i += kInputs, gradient += kInputs * panel * kLanes) {
        GemmGradientPanel<kInputs>(panel, {x.p + list.taps[t].offset + i, x.row, x.column},
                                   {dy.p + first * kLanes, dy.row, dy.column}, area, gradient,
                                   half);
      }
    }
    first += panel;
  }
}

// Calls f(output, input, tap, index in the weights) for every weight.
template <class F>
void ForEachGemmWeight(int taps, int inputs, int outputs, F f) {
  size_t index = 0;
  const int vectors = CeilDiv(outputs, kLanes);
  for (int first = 0; first < vectors;) {
    const int panel = PanelVectors(vectors - first);
    for (int t = 0; t < taps; t++) {
      for (int i = 0; i < inputs; i++) {
        for (int o = first * kLanes; o < (first + panel) * kLanes; o++, index++) {
          if (o < outputs) f(o, i, t, index);
        }
      }
    }
    first += panel;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace dse
HWY_AFTER_NAMESPACE();
#endif  // DSE_HAS_VECTORS
#endif  // DSE_KERNELS_GEMM_INL_H_
