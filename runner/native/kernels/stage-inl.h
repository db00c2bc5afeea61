// Bands of an image copied into scratch, with zeros around it.
#if defined(DSE_KERNELS_STAGE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DSE_KERNELS_STAGE_INL_H_
#undef DSE_KERNELS_STAGE_INL_H_
#else
#define DSE_KERNELS_STAGE_INL_H_
#endif

#include <algorithm>
#include <cstddef>

#include "runner/native/kernels/vec-inl.h"

#if DSE_HAS_VECTORS
HWY_BEFORE_NAMESPACE();
namespace dse {
namespace HWY_NAMESPACE {

struct Image {
  const float* p;
  int height, width, channels;
};

// Rows [row, row + rows) and columns [column, column + columns) of an image, which may lie outside
// of it, where zeros are taken.
struct Window {
  int row, rows, column, columns;
};

// Copies `count` channels from `channel` on; a pixel takes `pitch` floats. What the last vector has
// behind them may be anything; counts of half a vector more write no more than that.
inline void Stage(const Image& image, const Window& w, int channel, int count, int pitch,
                  float* scratch) {
  const int left = std::clamp(-w.column, 0, w.columns);
  const int inside = std::clamp(image.width - w.column, left, w.columns);
  const bool half = count % kLanes == kLanes / 2;
  const int vectors = half ? count / kLanes : (count + kLanes - 1) / kLanes;
  for (int r = 0; r < w.rows; r++, scratch += ptrdiff_t(w.columns) * pitch) {
    const int y = w.row + r;
    const bool outside = y < 0 || y >= image.height;
    const int from = outside ? w.columns : left, to = outside ? w.columns : inside;
    const ptrdiff_t first = (ptrdiff_t(y) * image.width + w.column) * image.channels + channel;
    for (int c = 0; c < w.columns; c++) {
      float* out = scratch + ptrdiff_t(c) * pitch;
      if (c < from || c >= to) {
        for (int v = 0; v < vectors; v++) Store(Zero(), out + v * kLanes);
        if (half) StoreHalf(Zero(), out + vectors * kLanes);
        continue;
      }
      const float* in = image.p + first + ptrdiff_t(c) * image.channels;
      for (int v = 0; v < vectors; v++) Store(Load(in + v * kLanes), out + v * kLanes);
      if (half) StoreHalf(LoadHalf(in + vectors * kLanes), out + vectors * kLanes);
    }
  }
}

// Rows of a band, of `total`, so that its scratch stays below the limit: `extra` rows and `step`
// rows for each, of row_floats. Bands are of about the same size.
inline int BandRows(int total, int step, int extra, size_t row_floats, size_t limit) {
  const ptrdiff_t fit = ptrdiff_t(limit / row_floats) - extra;
  const int rows = int(std::clamp<ptrdiff_t>(fit / step, 1, total));
  const int bands = (total + rows - 1) / rows;
  return (total + bands - 1) / bands;
}

}  // namespace HWY_NAMESPACE
}  // namespace dse
HWY_AFTER_NAMESPACE();
#endif  // DSE_HAS_VECTORS
#endif  // DSE_KERNELS_STAGE_INL_H_
