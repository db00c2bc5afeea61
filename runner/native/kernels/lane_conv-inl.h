// LaneConv: the kernels of lane-inl.h over an image, a band of rows and a vector of channels at a
// time.
#if defined(DSE_KERNELS_LANE_CONV_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DSE_KERNELS_LANE_CONV_INL_H_
#undef DSE_KERNELS_LANE_CONV_INL_H_
#else
#define DSE_KERNELS_LANE_CONV_INL_H_
#endif

#include <algorithm>
#include <string>

#include "runner/native/kernels/conv_kernel.h"
#include "runner/native/kernels/lane-inl.h"
#include "runner/native/kernels/stage-inl.h"

#if DSE_HAS_VECTORS
HWY_BEFORE_NAMESPACE();
namespace dse {
namespace HWY_NAMESPACE {

// How many rows and columns of y are computed together, and of a gradient how many taps, inputs and
// pixels: what fits in the registers.
template <int kGroup, int kKernel, int kStride>
struct LaneTiling {
  static constexpr bool kFew = kGroup == 1 || (kStride == 1 && kGroup >= 8);
  static constexpr int kRows = kWide && kFew ? 2 : 1;
  static constexpr int kKernelRows = kWide                         ? (kGroup <= 2 ? kKernel : 1)
                                     : kGroup == 1 && kKernel == 3 ? 3
                                                                   : 1;
  static constexpr int kInputs = kWide ? std::min(kGroup, 8) : std::min(kGroup, 2);
  static constexpr bool kSliding = kWide && kGroup == 8 && kStride == 1;
};

template <int kGroup, int kKernel, int kStride>
class LaneConv : public ConvKernel {
 public:
  explicit LaneConv(const ConvShape& shape)
      : s_(shape),
        blocks_((s_.out + kLanes - 1) / kLanes),
        gradient_columns_(Columns(s_.out_width())),
        band_(Band(s_.out_height(), kStride, kKernel - kStride, s_.width + 2 * kPad)),
        dx_band_(kStride == 1 ? Band(s_.height, 1, 2 * kPad, s_.width + 2 * kPad)
                              : 2 * Band((s_.height + 1) / 2, 1, 2, s_.out_width() + 2)),
        gradient_band_(
            Band(s_.out_height(), kStride + 1, kKernel - kStride, gradient_x_columns())) {}

  std::string name() const override { return "lane" + std::to_string(kGroup); }
  size_t packed_floats() const override { return 2 * gradient_floats(); }
  size_t gradient_floats() const override { return blocks_ * kBlockWeights; }
  size_t scratch_floats() const override {
    const size_t x = size_t(InRows(band_)) * (s_.width + 2 * kPad);
    const size_t dy = kStride == 1 ? size_t(InRows(dx_band_)) * (s_.width + 2 * kPad)
                                   : size_t(dx_band_ / 2 + 2) * (s_.out_width() + 2);
    const size_t both = size_t(InRows(gradient_band_)) * gradient_x_columns() +
                        size_t(gradient_band_) * gradient_columns_;
    return std::max({x, dy, both}) * kLanes;
  }

  void Pack(const float* weight, float* packed) const override {
    std::fill_n(packed, packed_floats(), 0.0f);
    float* backward = packed + gradient_floats();
    for (int o = 0; o < s_.out; o++) {
      for (int i = 0; i < kGroup; i++) {
        for (int tap = 0; tap < kTaps; tap++) {
          packed[Index(o, i, tap)] = weight[(size_t(o) * kGroup + i) * kTaps + tap];
          // Without stride dx is the convolution of dy with the taps turned around.
          const size_t out = o / kGroup * kGroup + i;
          backward[Index(o, i, kStride == 1 ? kTaps - 1 - tap : tap)] =
              weight[(out * kGroup + o % kGroup) * kTaps + tap];
        }
      }
    }
  }

  void UnpackGradient(const float* gradient, float* dw) const override {
    for (int o = 0; o < s_.out; o++) {
      for (int i = 0; i < kGroup; i++) {
        for (int tap = 0; tap < kTaps; tap++, dw++) *dw = gradient[Index(o, i, tap)];
      }
    }
  }

  void Forward(const float* packed, const float* x, float* y, float* scratch) const override {
    Convolve<kStride>({x, s_.height, s_.width, s_.in}, band_, packed, y, scratch);
  }

  void BackwardData(const float* packed, const float* dy, float* dx,
                    float* scratch) const override {
    packed += gradient_floats();
    const Image image{dy, s_.out_height(), s_.out_width(), s_.out};
    if constexpr (kStride == 1) {
      Convolve<1>(image, dx_band_, packed, dx, scratch);
    } else {
      for (int row = 0; row < s_.height; row += dx_band_) {
        const int rows = std::min(dx_band_, s_.height - row);
        const Window window{row / 2 - 1, (rows + 1) / 2 + 2, -1, s_.out_width() + 2};
        for (int b = 0; b < blocks_; b++) {
          StageBlock(image, window, b, scratch);
          float* out = dx + ptrdiff_t(row) * s_.width * s_.in + b * kLanes;
          for (int y = 0; y < rows; y++, out += ptrdiff_t(s_.width) * s_.in) {
            const float* in = scratch + ptrdiff_t(y / 2) * window.columns * kLanes;
            const float* w = packed + b * kBlockWeights;
            y % 2 == 0 ? DxRow<false>(in, w, out, b) : DxRow<true>(in, w, out, b);
          }
        }
      }
    }
  }

  void BackwardWeights(const float* x, const float* dy, float* gradient,
                       float* scratch) const override {
    const Image image{x, s_.height, s_.width, s_.in};
    const Image dy_image{dy, s_.out_height(), s_.out_width(), s_.out};
    float* dy_scratch = scratch + ptrdiff_t(InRows(gradient_band_)) * gradient_x_columns() * kLanes;
    for (int row = 0; row < s_.out_height(); row += gradient_band_) {
      const int rows = std::min(gradient_band_, s_.out_height() - row);
      for (int b = 0; b < blocks_; b++) {
        StageBlock(image, {row * kStride - kPad, InRows(rows), -kPad, gradient_x_columns()}, b,
                   scratch);
        StageBlock(dy_image, {row, rows, 0, gradient_columns_}, b, dy_scratch);
        AddGradient(scratch, dy_scratch, rows, gradient + b * kBlockWeights);
      }
    }
  }

 private:
  using Tiling = LaneTiling<kGroup, kKernel, kStride>;
  static constexpr int kPad = kKernel / 2;
  static constexpr int kTaps = kKernel * kKernel;
  static constexpr size_t kBlockWeights = size_t(kGroup) * kTaps * kLanes;
  static constexpr size_t kCacheFloats = 8 << 10;  // a band of one vector of channels

  static int InRows(int rows) { return (rows - 1) * kStride + kKernel; }
  static int Band(int total, int step, int extra, int columns) {
    return std::min(
        total, std::max(2, BandRows(total, step, extra, size_t(columns) * kLanes, kCacheFloats)));
  }
  // Columns of dy in scratch for a gradient: zeros fill the last block up.
  static int GradientBlock(int width) {
    return kWide && kGroup <= 4 && kKernel == 3 && (width + 7) / 8 * 2 == (width + 3) / 4 ? 8 : 4;
  }
  static int Columns(int width) {
    if (Tiling::kSliding) return std::max(2, width);
    const int block = GradientBlock(width);
    return (width + block - 1) / block * block;
  }
  int gradient_x_columns() const { return (gradient_columns_ - 1) * kStride + kKernel; }
  static size_t Index(int o, int i, int tap) {
    return o / kLanes * kBlockWeights + (size_t(i) * kTaps + tap) * kLanes + o % kLanes;
  }
  bool Half(int block) const { return (block + 1) * kLanes > s_.out; }

  void StageBlock(const Image& image, const Window& window, int block, float* scratch) const {
    StageVector(image, window, block * kLanes, Half(block), scratch);
  }

  template <int kStep>
  void Convolve(const Image& image, int band, const float* packed, float* y, float* scratch) const {
    const int height = (image.height - 1) / kStep + 1, width = (image.width - 1) / kStep + 1;
    for (int row = 0; row < height; row += band) {
      const int rows = std::min(band, height - row);
      const Window window{row * kStep - kPad, (rows - 1) * kStep + kKernel, -kPad,
                          image.width + 2 * kPad};
      for (int b = 0; b < blocks_; b++) {
        StageBlock(image, window, b, scratch);
        ConvolveBand<kStep>(scratch, ptrdiff_t(window.columns) * kLanes, packed + b * kBlockWeights,
                            y + ptrdiff_t(row) * width * s_.out + b * kLanes, rows, width, Half(b));
      }
    }
  }

  template <int kStep>
  HWY_NOINLINE void ConvolveBand(const float* in, ptrdiff_t in_row, const float* w, float* out,
                                 int rows, int width, bool half) const {
    constexpr int kRows = Tiling::kRows;
    const ptrdiff_t out_row = ptrdiff_t(width) * s_.out;
    int y = 0;
    for (; y + kRows <= rows; y += kRows, in += kRows * kStep * in_row, out += kRows * out_row) {
      YRow<kStep, kRows>(in, in_row, w, out, width, half);
    }
    if (kRows == 1) return;
    for (; y < rows; y++, in += kStep * in_row, out += out_row) {
      YRow<kStep, 1>(in, in_row, w, out, width, half);
    }
  }

  // Blocks of columns; the last one reaches back over the one before it where they do not divide
  // the width.
  template <int kStep, int kRows>
  void YRow(const float* in, ptrdiff_t in_row, const float* w, float* out, int width,
            bool half) const {
    constexpr int kBlock = kKernel == 5 ? 4 : 8;
    if (kWide && width % 7 == 0) return YBlocks<kStep, kRows, 7>(in, in_row, w, out, width, half);
    if (width >= kBlock) return YBlocks<kStep, kRows, kBlock>(in, in_row, w, out, width, half);
    if (width >= 4) return YBlocks<kStep, kRows, 4>(in, in_row, w, out, width, half);
    YBlocks<kStep, kRows, 1>(in, in_row, w, out, width, half);
  }

  template <int kStep, int kRows, int kBlock>
  HWY_INLINE void YBlocks(const float* in, ptrdiff_t in_row, const float* w, float* out, int width,
                          bool half) const {
    for (int x = 0; x < width; x += kBlock) {
      const int c = std::min(x, width - kBlock);
      LaneBlock<kGroup, kKernel, kStep, kRows, kBlock>(in + c * kStep * kLanes, in_row, w,
                                                       out + ptrdiff_t(c) * s_.out,
                                                       ptrdiff_t(width) * s_.out, s_.out, half);
    }
  }

  template <bool kOdd>
  HWY_NOINLINE void DxRow(const float* in, const float* w, float* out, int block) const {
    const int width = s_.out_width();
    if (kWide && width % 7 == 0) return DxBlocks<kOdd, 7>(in, w, out, Half(block));
    if (kWide && width >= 8) return DxBlocks<kOdd, 8>(in, w, out, Half(block));
    if (width >= 4) return DxBlocks<kOdd, 4>(in, w, out, Half(block));
    DxBlocks<kOdd, 1>(in, w, out, Half(block));
  }

  template <bool kOdd, int kBlock>
  HWY_INLINE void DxBlocks(const float* in, const float* w, float* out, bool half) const {
    const int width = s_.out_width();
    for (int x = 0; x < width; x += kBlock) {
      const int c = std::min(x, width - kBlock);
      LaneParityBlock<kGroup, kKernel, kOdd, kBlock>(in + c * kLanes, ptrdiff_t(width + 2) * kLanes,
                                                     w, out + ptrdiff_t(2 * c) * s_.in, s_.in,
                                                     s_.width - 2 * c, half);
    }
  }

  void AddGradient(const float* x, const float* dy, int rows, float* gradient) const {
    const ptrdiff_t row = ptrdiff_t(gradient_x_columns()) * kLanes;
    constexpr int kKernelRows = Tiling::kKernelRows, kInputs = Tiling::kInputs;
    for (int ky = 0; ky < kKernel; ky += kKernelRows) {
      float* out = gradient + ky * kKernel * kLanes;
      if constexpr (Tiling::kSliding) {
        LaneGradientSliding(x + ky * row, row, dy, rows, gradient_columns_, out);
      } else {
        for (int i = 0; i < kGroup; i += kInputs, out += kInputs * kTaps * kLanes) {
          if (kWide && kGroup <= 4 && kKernel == 3 && GradientBlock(s_.out_width()) == 8) {
            LaneGradient<kGroup, kKernel, kStride, kKernelRows, kInputs, 8>(
                x + ky * row, row, dy, rows, gradient_columns_, i, out);
          } else {
            LaneGradient<kGroup, kKernel, kStride, kKernelRows, kInputs, 4>(
                x + ky * row, row, dy, rows, gradient_columns_, i, out);
          }
        }
      }
    }
  }

  ConvShape s_;
  int blocks_;            // vectors of channels
  int gradient_columns_;  // of dy in scratch
  int band_, dx_band_, gradient_band_;
};

// A LaneConv, or null where there is none for the shape.
template <int kGroup, int kKernel>
std::unique_ptr<ConvKernel> MakeLaneConvOf(const ConvShape& s) {
  if constexpr (kGroup > kLanes) {
    return nullptr;
  } else {
    if (s.stride == 1) return std::make_unique<LaneConv<kGroup, kKernel, 1>>(s);
    return std::make_unique<LaneConv<kGroup, kKernel, 2>>(s);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace dse
HWY_AFTER_NAMESPACE();
#endif  // DSE_HAS_VECTORS
#endif  // DSE_KERNELS_LANE_CONV_INL_H_
