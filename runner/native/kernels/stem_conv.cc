#include "runner/native/kernels/stem_conv.h"

#include <algorithm>

#include "runner/native/kernels/plain_conv.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runner/native/kernels/stem_conv.cc"
#include <hwy/foreach_target.h>
// Behind foreach_target.h:
#include "runner/native/kernels/gemm-inl.h"
#include "runner/native/kernels/stage-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dse {
namespace HWY_NAMESPACE {
#if DSE_HAS_VECTORS

class StemConv : public ConvKernel {
 public:
  explicit StemConv(const ConvShape& shape)
      : s_(shape),
        plain_(MakePlainConv(shape)),
        inputs_(shape.kernel * shape.in),
        row_floats_(size_t(shape.width + 2 * (shape.kernel / 2)) * shape.in),
        band_(BandRows(s_.out_height(), s_.stride, s_.kernel - s_.stride, row_floats_, 8 << 10)) {}

  std::string name() const override { return "stem"; }
  bool reads_x_margins() const override { return true; }
  size_t packed_floats() const override { return gradient_floats() + plain_->packed_floats(); }
  size_t gradient_floats() const override { return GemmFloats(s_.kernel, inputs_, s_.out); }
  size_t scratch_floats() const override {
    return std::max(InRows(band_) * row_floats_, plain_->scratch_floats());
  }

  void Pack(const float* weight, float* packed) const override {
    ForEachVector({}, [&](int o, int count, int i, int ky, size_t index) {
      GatherWeights(weight + Index(o, i, ky), out_step(), count, packed + index);
    });
    plain_->Pack(weight, packed + gradient_floats());
  }

  void UnpackGradient(const float* gradient, const KernelPart& part, float* dw) const override {
    ForEachVector(part, [&](int o, int count, int i, int ky, size_t index) {
      ScatterGradients(gradient + index, count, dw + Index(o, i, ky), out_step());
    });
  }

  void Forward(const float* packed, const ConvInput& x, float* y, KernelWork& work) const override {
    const TapList taps = RowTaps();
    const ptrdiff_t y_row = ptrdiff_t(s_.out_width()) * s_.out;
    for (int row = 0; row < s_.out_height(); row += band_) {
      const int rows = std::min(band_, s_.out_height() - row);
      StageRows(x, row, rows, work.scratch);
      Gemm(Staged(work.scratch), taps, s_.kernel, inputs_, s_.out, packed,
           {y + row * y_row, y_row, s_.out}, {rows, s_.out_width()}, work.prefetcher);
    }
  }

  void BackwardData(const float* packed, const ConvInput& dy, float* dx,
                    KernelWork& work) const override {
    plain_->BackwardData(packed + gradient_floats(), dy, dx, work);
  }

  void BackwardWeights(const ConvInput& x, const float* dy, float* gradient,
                       KernelWork& work) const override {
    const TapList taps = RowTaps();
    const ptrdiff_t y_row = ptrdiff_t(s_.out_width()) * s_.out;
    for (int row = 0; row < s_.out_height(); row += band_) {
      const int rows = std::min(band_, s_.out_height() - row);
      StageRows(x, row, rows, work.scratch);
      const Source d{dy + row * y_row, y_row, s_.out};
      const Area area{rows, s_.out_width()};
      GemmGradient(Staged(work.scratch), taps, inputs_, s_.out, d, area, gradient, work.prefetcher);
    }
  }

 private:
  int InRows(int rows) const { return (rows - 1) * s_.stride + s_.kernel; }

  // In the weights, of output o, input i of a row of the kernel (a pixel and a channel), and row
  // ky.
  size_t Index(int o, int i, int ky) const {
    return ((size_t(o) * s_.in + i % s_.in) * s_.kernel + ky) * s_.kernel + i / s_.in;
  }

  ptrdiff_t out_step() const { return ptrdiff_t(s_.in) * s_.kernel * s_.kernel; }
  template <class F>
  void ForEachVector(const KernelPart& part, F f) const {
    ForEachGemmVector(s_.kernel, inputs_, s_.out, part, f);
  }

  TapList RowTaps() const {
    TapList list;
    for (int ky = 0; ky < s_.kernel; ky++) {
      list.taps[list.count++] = {ptrdiff_t(ky * row_floats_), ky};
    }
    return list;
  }

  Source Staged(const float* scratch) const {
    return {scratch, ptrdiff_t(s_.stride * row_floats_), ptrdiff_t(s_.stride) * s_.in};
  }

  void StageRows(const ConvInput& x, int row, int rows, float* scratch) const {
    const int pad = s_.kernel / 2;
    const size_t inside = size_t(s_.width) * s_.in, left = size_t(pad) * s_.in;
    for (int r = 0; r < InRows(rows); r++, scratch += row_floats_) {
      const int y = row * s_.stride - pad + r;
      std::fill_n(scratch, row_floats_, 0.0f);
      if (y >= -x.margins.above && y < s_.height + x.margins.below) {
        std::copy_n(x.rows + y * ptrdiff_t(inside), inside, scratch + left);
      }
    }
  }

  ConvShape s_;
  std::unique_ptr<ConvKernel> plain_;
  int inputs_;         // of a row of the kernel
  size_t row_floats_;  // of a staged row
  int band_;           // rows of y
};

std::unique_ptr<ConvKernel> MakeStem(const ConvShape& s) { return std::make_unique<StemConv>(s); }

#else
std::unique_ptr<ConvKernel> MakeStem(const ConvShape&) { return nullptr; }
#endif
}  // namespace HWY_NAMESPACE
}  // namespace dse
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dse {

HWY_EXPORT(MakeStem);

std::unique_ptr<ConvKernel> MakeStemConv(const ConvShape& s) {
  if (s.groups != 1 || s.in >= 4) return nullptr;
  if (s.kernel > 7 || s.kernel % 2 == 0) return nullptr;
  return HWY_DYNAMIC_DISPATCH(MakeStem)(s);
}

}  // namespace dse
#endif
