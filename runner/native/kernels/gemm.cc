#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runner/native/kernels/gemm.cc"
#include <hwy/foreach_target.h>
// Behind foreach_target.h:
#include "runner/native/kernels/gemm-inl.h"

#if DSE_HAS_VECTORS
HWY_BEFORE_NAMESPACE();
namespace dse {
namespace HWY_NAMESPACE {

// Lanes with outputs in the vector before number `end`.
int LastLanes(int outputs, int end) { return std::min(kLanes, outputs - (end - 1) * kLanes); }

// Taps [first, last) and of each the inputs [from, to): as many weights as stay in the L1 cache.
struct Chunk {
  const Tap *first, *last;
  int from, to, inputs;
  int products() const { return int(last - first) * (to - from); }  // of a pixel
};

// Lines fetched with an input: few outputs are soon computed.
template <int kVectors>
constexpr int kLines = kVectors == 1 ? 2 : 1;

template <int kRows, int kVectors>
HWY_INLINE void GemmTile(const float* x, ptrdiff_t column, const Chunk& c, const float* w, float* y,
                         ptrdiff_t out_column, int last, bool add, Prefetcher::Lines lines) {
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
      DSE_UNROLL for (int n = 0; n < kLines<kVectors>; n++) lines.FetchOne();
      DSE_UNROLL for (int r = 0; r < kRows; r++) {
        const V a = Set(in[r * column + i]);
        DSE_UNROLL for (int v = 0; v < kVectors; v++) sum[r][v] = MulAdd(a, b[v], sum[r][v]);
      }
    }
  }
  DSE_UNROLL for (int r = 0; r < kRows; r++) {
    DSE_UNROLL for (int v = 0; v < kVectors; v++) {
      float* out = y + r * out_column + v * kLanes;
      if (add) sum[r][v] = Add(sum[r][v], Load(out));
      StoreFirst(sum[r][v], v == kVectors - 1 ? last : kLanes, out);
    }
  }
}

// Where a row of pixels goes through a tile.
struct GemmRow {
  const float* x;
  ptrdiff_t column;
  const float* w;
  float* y;
  ptrdiff_t out_column;
  int last;  // lanes of the last vector
  bool add;
};

// `count` tiles of `rows` pixels, at most kMost.
template <int kMost, int kVectors>
HWY_INLINE void GemmTiles(int rows, int count, const Chunk& c, GemmRow& row,
                          Prefetcher& prefetcher) {
  if (rows < kMost) {
    if constexpr (kMost > 1) GemmTiles<kMost - 1, kVectors>(rows, count, c, row, prefetcher);
    return;
  }
  for (; count > 0; count--, row.x += kMost * row.column, row.y += kMost * row.out_column) {
    GemmTile<kMost, kVectors>(row.x, row.column, c, row.w, row.y, row.out_column, row.last, row.add,
                              prefetcher.Take(kLines<kVectors> * c.products()));
  }
}

// A row of pixels as tiles of about the same size.
template <int kVectors>
HWY_NOINLINE void MultiplyRow(int columns, const Chunk& c, GemmRow row, Prefetcher& prefetcher) {
  constexpr int kMost = kRegisters == 32 ? (kVectors == 1 ? 16 : 8)
                        : kVectors == 3  ? 4
                        : kVectors == 2  ? 6
                                         : 8;
  const int tiles = CeilDiv(columns, kMost), rows = columns / tiles, larger = columns % tiles;
  if (larger > 0) GemmTiles<kMost, kVectors>(rows + 1, larger, c, row, prefetcher);
  GemmTiles<kMost, kVectors>(rows, tiles - larger, c, row, prefetcher);
}

// y = x * w over the taps of the list; the weights have all_taps.
void Gemm(const Source& x, const TapList& list, int all_taps, int inputs, int outputs,
          const float* w, const Sink& y, const Area& area, Prefetcher& prefetcher) {
  constexpr int kCacheFloats = 6 << 10;
  const int vectors = CeilDiv(outputs, kLanes);
  for (int first = 0; first < vectors;) {
    const int panel = PanelVectors(vectors - first);
    const int last = LastLanes(outputs, first + panel);
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
          const GemmRow row{in, x.column, w, out, y.column, last, add};
          if (panel == 1) MultiplyRow<1>(area.columns, chunk, row, prefetcher);
          if (panel == 2) MultiplyRow<2>(area.columns, chunk, row, prefetcher);
          if (panel == 3) MultiplyRow<3>(area.columns, chunk, row, prefetcher);
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
                                   float* gradient, int last, Prefetcher& prefetcher) {
  Prefetcher::Lines lines = prefetcher.Take(area.rows * area.columns);
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
      lines.FetchOne();
      DSE_UNROLL for (int i = 0; i < kInputs; i++) {
        const V a = Set(in[i]);
        DSE_UNROLL for (int v = 0; v < kVectors; v++) sum[i][v] = MulAdd(a, b[v], sum[i][v]);
      }
    }
  }
  DSE_UNROLL for (int i = 0; i < kInputs; i++) {
    DSE_UNROLL for (int v = 0; v < kVectors; v++) {
      float* out = gradient + (i * kVectors + v) * kLanes;
      // The lanes above hold what lies behind dy's channels.
      StoreFirst(Add(Load(out), sum[i][v]), v == kVectors - 1 ? last : kLanes, out);
    }
  }
}

template <int kInputs>
HWY_INLINE void GemmGradientPanel(int panel, const Source& x, const Source& dy, const Area& area,
                                  float* gradient, int last, Prefetcher& prefetcher) {
  if (panel == 1) {
    GemmGradientTile<kInputs, 1>(x, dy, area, gradient, last, prefetcher);
  } else if (panel == 2) {
    GemmGradientTile<kInputs, 2>(x, dy, area, gradient, last, prefetcher);
  } else {
    GemmGradientTile<kInputs, 3>(x, dy, area, gradient, last, prefetcher);
  }
}

// kInputs divides `inputs`.
template <int kInputs>
void GemmGradientOf(const Source& x, const TapList& list, int inputs, int outputs, const Source& dy,
                    const Area& area, float* gradient, Prefetcher& prefetcher) {
  const int vectors = CeilDiv(outputs, kLanes);
  for (int first = 0; first < vectors;) {
    const int panel = PanelVectors(vectors - first);
    const int last = LastLanes(outputs, first + panel);
    for (int t = 0; t < list.count; t++) {
      for (int i = 0; i < inputs; i += kInputs, gradient += kInputs * panel * kLanes) {
        GemmGradientPanel<kInputs>(panel, {x.p + list.taps[t].offset + i, x.row, x.column},
                                   {dy.p + first * kLanes, dy.row, dy.column}, area, gradient, last,
                                   prefetcher);
      }
    }
    first += panel;
  }
}

void GemmGradient(const Source& x, const TapList& list, int inputs, int outputs, const Source& dy,
                  const Area& area, float* gradient, Prefetcher& prefetcher) {
  if (inputs % 8 == 0) {
    return GemmGradientOf < kRegisters == 32
               ? 8
               : 4 > (x, list, inputs, outputs, dy, area, gradient, prefetcher);
  }
  if (kRegisters == 32 && inputs % 9 == 0) {
    return GemmGradientOf<9>(x, list, inputs, outputs, dy, area, gradient, prefetcher);
  }
  if (inputs % 4 == 0) {
    return GemmGradientOf<4>(x, list, inputs, outputs, dy, area, gradient, prefetcher);
  }
  if (inputs % 3 == 0) {
    return GemmGradientOf<3>(x, list, inputs, outputs, dy, area, gradient, prefetcher);
  }
  if (inputs % 2 == 0) {
    return GemmGradientOf<2>(x, list, inputs, outputs, dy, area, gradient, prefetcher);
  }
  GemmGradientOf<1>(x, list, inputs, outputs, dy, area, gradient, prefetcher);
}

}  // namespace HWY_NAMESPACE
}  // namespace dse
HWY_AFTER_NAMESPACE();
#endif  // DSE_HAS_VECTORS
