// A convolution whose channels fall into units (groups) that are products over taps. Ops says how a
// unit is computed:
//   int units(), unit_in(), unit_out();        // channels of x and of y in a unit
//   size_t forward_floats();                   // weights of a unit, one way
//   size_t backward_floats();                  // and the other
//   void Multiply(backward, source, taps, weights, sink, area, prefetcher);
//   void AddGradient(x, taps, dy, area, gradient, prefetcher);  // in the forward weights' layout
//   void ForEachVector(backward, part, f);     // as ForEachGemmVector
#if defined(DSE_KERNELS_TAP_CONV_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DSE_KERNELS_TAP_CONV_INL_H_
#undef DSE_KERNELS_TAP_CONV_INL_H_
#else
#define DSE_KERNELS_TAP_CONV_INL_H_
#endif

#include <algorithm>
#include <string>
#include <utility>

#include "runner/native/kernels/conv_kernel.h"
#include "runner/native/kernels/gemm-inl.h"
#include "runner/native/kernels/stage-inl.h"

#if DSE_HAS_VECTORS
HWY_BEFORE_NAMESPACE();
namespace dse {
namespace HWY_NAMESPACE {

// Floats a pixel takes in scratch: an odd number of cache lines, so that pixels spread over the
// sets of the cache.
constexpr int OddPitch(int channels) { return (CeilDiv(channels, 16) | 1) * 16; }

constexpr int FloorDiv(int a, int b) { return a >= 0 ? a / b : -CeilDiv(-a, b); }

template <class Ops>
class TapConv : public ConvKernel {
 public:
  explicit TapConv(const ConvShape& shape)
      : s_(shape),
        ops_(shape),
        x_pitch_(OddPitch(ops_.unit_in())),
        dy_pitch_(OddPitch(ops_.unit_out())),
        dy_column_(FloorDiv(pad() - s_.kernel + 1, s_.stride)),
        dy_columns_(FloorDiv(s_.width - 1 + pad(), s_.stride) - dy_column_ + 1),
        band_(BandRows(s_.out_height(), s_.stride, s_.kernel - s_.stride, x_row_floats(), kBand)),
        dx_band_(BandRows(CeilDiv(s_.height, s_.stride), 1, CeilDiv(s_.kernel, s_.stride),
                          dy_row_floats(), kBand) *
                 s_.stride) {}

  std::string name() const override { return ops_.name(); }
  size_t packed_floats() const override {
    return backward_offset() + ops_.units() * ops_.backward_floats();
  }
  size_t gradient_floats() const override { return ops_.units() * ops_.forward_floats(); }
  size_t scratch_floats() const override {
    if (s_.kernel == 1) return 0;
    const size_t x = x_band_floats();
    return std::max(x + size_t(band_) * s_.out_width() * dy_pitch_, dx_rows() * dy_row_floats());
  }

  void Pack(const float* weight, float* packed) const override {
    const int taps = s_.kernel * s_.kernel;
    const ptrdiff_t out_step = ptrdiff_t(ops_.unit_in()) * taps;
    for (int u = 0; u < ops_.units(); u++, weight += ops_.unit_out() * out_step) {
      float* forward = packed + u * ops_.forward_floats();
      ops_.ForEachVector(false, {}, [&](int o, int count, int i, int tap, size_t index) {
        GatherWeights(weight + o * out_step + i * taps + tap, out_step, count, forward + index);
      });
      float* backward = packed + backward_offset() + u * ops_.backward_floats();
      ops_.ForEachVector(true, {}, [&](int i, int count, int o, int tap, size_t index) {
        GatherWeights(weight + o * out_step + i * taps + tap, taps, count, backward + index);
      });
    }
  }

  void UnpackGradient(const float* gradient, const KernelPart& part, float* dw) const override {
    const int taps = s_.kernel * s_.kernel, units = ops_.units();
    const ptrdiff_t out_step = ptrdiff_t(ops_.unit_in()) * taps;
    const KernelPart all, of_units = units > 1 ? part : all, of_unit = units > 1 ? all : part;
    for (int u = of_units.first(units); u < of_units.end(units); u++) {
      const float* from = gradient + u * ops_.forward_floats();
      float* to = dw + u * ops_.unit_out() * out_step;
      ops_.ForEachVector(false, of_unit, [&](int o, int count, int i, int tap, size_t index) {
        ScatterGradients(from + index, count, to + o * out_step + i * taps + tap, out_step);
      });
    }
  }

  void Forward(const float* packed, const ConvInput& x, float* y, KernelWork& work) const override {
    if (s_.kernel == 1) return ForwardPointwise(packed, x.rows, y, work.prefetcher);
    const TapList taps = AllTaps();
    const int width = s_.out_width();
    for (int row = 0; row < s_.out_height(); row += band_) {
      const int rows = std::min(band_, s_.out_height() - row);
      for (int u = 0; u < ops_.units(); u++) {
        StageX(x.rows, row, rows, u, work.scratch);
        ops_.Multiply(false, StagedX(work.scratch), taps, packed + u * ops_.forward_floats(),
                      {y + ptrdiff_t(row) * width * s_.out + u * ops_.unit_out(),
                       ptrdiff_t(width) * s_.out, s_.out},
                      {rows, width}, work.prefetcher);
      }
    }
  }

  void BackwardData(const float* packed, const ConvInput& dy, float* dx,
                    KernelWork& work) const override {
    packed += backward_offset();
    if (s_.kernel == 1) return BackwardDataPointwise(packed, dy.rows, dx, work.prefetcher);
    const Image image{dy.rows, s_.out_height(), s_.out_width(), s_.out};
    for (int row = 0; row < s_.height; row += dx_band_) {
      const int rows = std::min(dx_band_, s_.height - row);
      const Window window{row / s_.stride + dy_first_row(), int(dx_rows()), dy_column_,
                          dy_columns_};
      for (int u = 0; u < ops_.units(); u++) {
        Stage(image, window, u * ops_.unit_out(), ops_.unit_out(), dy_pitch_, work.scratch);
        BackwardDataBand(packed + u * ops_.backward_floats(), work,
                         dx + ptrdiff_t(row) * s_.width * s_.in + u * ops_.unit_in(), rows);
      }
    }
  }

  void BackwardWeights(const ConvInput& x, const float* dy, float* gradient,
                       KernelWork& work) const override {
    if (s_.kernel == 1) return BackwardWeightsPointwise(x.rows, dy, gradient, work.prefetcher);
    const TapList taps = AllTaps();
    const Image image{dy, s_.out_height(), s_.out_width(), s_.out};
    float* dy_scratch = work.scratch + x_band_floats();
    for (int row = 0; row < s_.out_height(); row += band_) {
      const int rows = std::min(band_, s_.out_height() - row);
      for (int u = 0; u < ops_.units(); u++) {
        StageX(x.rows, row, rows, u, work.scratch);
        Stage(image, {row, rows, 0, s_.out_width()}, u * ops_.unit_out(), ops_.unit_out(),
              dy_pitch_, dy_scratch);
        AddGradientInParts(StagedX(work.scratch), taps,
                           {dy_scratch, ptrdiff_t(s_.out_width()) * dy_pitch_, dy_pitch_},
                           {rows, s_.out_width()}, gradient + u * ops_.forward_floats(),
                           work.prefetcher);
      }
    }
  }

 private:
  static constexpr size_t kBand = 24 << 10;  // floats: a part of the L2 cache

  int pad() const { return s_.kernel / 2; }
  size_t backward_offset() const { return ops_.units() * ops_.forward_floats(); }
  int x_columns() const { return s_.width + 2 * pad(); }
  size_t x_row_floats() const { return size_t(x_columns()) * x_pitch_; }
  size_t x_band_floats() const {
    return (size_t(band_ - 1) * s_.stride + s_.kernel) * x_row_floats();
  }
  size_t dy_row_floats() const { return size_t(dy_columns_) * dy_pitch_; }
  // The first row of dy that row 0 of dx needs, and how many a band needs.
  int dy_first_row() const { return FloorDiv(pad() - s_.kernel + 1, s_.stride); }
  size_t dx_rows() const { return FloorDiv(dx_band_ - 1 + pad(), s_.stride) - dy_first_row() + 1; }

  TapList AllTaps() const {
    TapList list;
    for (int ky = 0; ky < s_.kernel; ky++) {
      for (int kx = 0; kx < s_.kernel; kx++, list.count++) {
        list.taps[list.count] = {(ptrdiff_t(ky) * x_columns() + kx) * x_pitch_, list.count};
      }
    }
    return list;
  }

  // Of dx's pixels at (y, x) modulo the stride.
  TapList TapsOfParity(int y, int x) const {
    TapList list;
    for (int ky = 0; ky < s_.kernel; ky++) {
      for (int kx = 0; kx < s_.kernel; kx++) {
        const int below = y + pad() - ky, right = x + pad() - kx;
        if (below % s_.stride != 0 || right % s_.stride != 0) continue;
        const ptrdiff_t row = below / s_.stride - dy_first_row();
        const ptrdiff_t column = right / s_.stride - dy_column_;
        list.taps[list.count++] = {(row * dy_columns_ + column) * dy_pitch_, ky * s_.kernel + kx};
      }
    }
    return list;
  }

  void StageX(const float* x, int row, int rows, int unit, float* scratch) const {
    const Window window{row * s_.stride - pad(), (rows - 1) * s_.stride + s_.kernel, -pad(),
                        x_columns()};
    Stage({x, s_.height, s_.width, s_.in}, window, unit * ops_.unit_in(), ops_.unit_in(), x_pitch_,
          scratch);
  }

  Source StagedX(const float* scratch) const {
    return {scratch, ptrdiff_t(s_.stride * x_row_floats()), ptrdiff_t(s_.stride) * x_pitch_};
  }

  void BackwardDataBand(const float* packed, KernelWork& work, float* dx, int rows) const {
    const Source source{work.scratch, ptrdiff_t(dy_row_floats()), dy_pitch_};
    const int s = s_.stride;
    for (int y = 0; y < std::min(s, rows); y++) {
      for (int x = 0; x < std::min(s, s_.width); x++) {
        ops_.Multiply(true, source, TapsOfParity(y, x), packed,
                      {dx + (ptrdiff_t(y) * s_.width + x) * s_.in, ptrdiff_t(s) * s_.width * s_.in,
                       ptrdiff_t(s) * s_.in},
                      {CeilDiv(rows - y, s), CeilDiv(s_.width - x, s)}, work.prefetcher);
      }
    }
  }

  // About 128 pixels at a time, which stay in the L1 cache.
  void AddGradientInParts(const Source& x, const TapList& taps, const Source& dy, const Area& area,
                          float* gradient, Prefetcher& prefetcher) const {
    const int columns = std::min(area.columns, 128), rows = std::max(1, 128 / area.columns);
    for (int r = 0; r < area.rows; r += rows) {
      for (int c = 0; c < area.columns; c += columns) {
        ops_.AddGradient({x.p + r * x.row + c * x.column, x.row, x.column}, taps,
                         {dy.p + r * dy.row + c * dy.column, dy.row, dy.column},
                         {std::min(rows, area.rows - r), std::min(columns, area.columns - c)},
                         gradient, prefetcher);
      }
    }
  }

  // Kernel 1: images are read and written where they are, without stride as one long row.
  Area PointwiseArea() const {
    if (s_.stride == 1) return {1, s_.height * s_.width};
    return {s_.out_height(), s_.out_width()};
  }
  ptrdiff_t x_row() const { return ptrdiff_t(s_.stride) * s_.width * s_.in; }
  ptrdiff_t y_row() const { return ptrdiff_t(s_.out_width()) * s_.out; }

  static TapList OneTap() { return {{{0, 0}}, 1}; }

  void ForwardPointwise(const float* packed, const float* x, float* y,
                        Prefetcher& prefetcher) const {
    for (int u = 0; u < ops_.units(); u++) {
      ops_.Multiply(false, {x + u * ops_.unit_in(), x_row(), ptrdiff_t(s_.stride) * s_.in},
                    OneTap(), packed + u * ops_.forward_floats(),
                    {y + u * ops_.unit_out(), y_row(), s_.out}, PointwiseArea(), prefetcher);
    }
  }

  void BackwardDataPointwise(const float* packed, const float* dy, float* dx,
                             Prefetcher& prefetcher) const {
    if (s_.stride > 1) std::fill_n(dx, size_t(s_.height) * s_.width * s_.in, 0.0f);
    for (int u = 0; u < ops_.units(); u++) {
      ops_.Multiply(true, {dy + u * ops_.unit_out(), y_row(), s_.out}, OneTap(),
                    packed + u * ops_.backward_floats(),
                    {dx + u * ops_.unit_in(), x_row(), ptrdiff_t(s_.stride) * s_.in},
                    PointwiseArea(), prefetcher);
    }
  }

  void BackwardWeightsPointwise(const float* x, const float* dy, float* gradient,
                                Prefetcher& prefetcher) const {
    for (int u = 0; u < ops_.units(); u++) {
      AddGradientInParts({x + u * ops_.unit_in(), x_row(), ptrdiff_t(s_.stride) * s_.in}, OneTap(),
                         {dy + u * ops_.unit_out(), y_row(), s_.out}, PointwiseArea(),
                         gradient + u * ops_.forward_floats(), prefetcher);
    }
  }

  ConvShape s_;
  Ops ops_;
  int x_pitch_, dy_pitch_;
  int dy_column_, dy_columns_;  // of dy in scratch: the first (negative: zeros) and how many
  int band_, dx_band_;          // rows of y and of dx
};

}  // namespace HWY_NAMESPACE
}  // namespace dse
HWY_AFTER_NAMESPACE();
#endif  // DSE_HAS_VECTORS
#endif  // DSE_KERNELS_TAP_CONV_INL_H_
