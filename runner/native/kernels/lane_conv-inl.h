// LaneConv: the kernels of lane-inl.h over an image.
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
  static constexpr bool kSliding = kWide && kGroup >= 8 && kStride == 1;
  static constexpr bool kStriding = kWide && kGroup >= 8 && kStride == 2;
};

template <int kGroup, int kKernel, int kStride>
class LaneConv : public ConvKernel {
 public:
  explicit LaneConv(const ConvShape& shape) : s_(shape), blocks_((s_.out + kLanes - 1) / kLanes) {}

  std::string name() const override { return "lane" + std::to_string(kGroup); }
  bool reads_x_margins() const override { return true; }
  bool reads_dy_margins() const override { return true; }
  size_t packed_floats() const override { return 2 * gradient_floats(); }
  size_t gradient_floats() const override { return blocks_ * kBlockWeights; }
  size_t scratch_floats() const override { return 0; }

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

  void UnpackGradient(const float* gradient, const KernelPart& part, float* dw) const override {
    for (int o = part.first(s_.out); o < part.end(s_.out); o++) {
      for (int i = 0; i < kGroup; i++) {
        float* const taps = dw + (size_t(o) * kGroup + i) * kTaps;
        for (int tap = 0; tap < kTaps; tap++) {
          taps[tap] += gradient[Tiling::kStriding ? Turned(o, i, tap) : Index(o, i, tap)];
        }
      }
    }
  }

  void Forward(const float* packed, const ConvInput& x, float* y, KernelWork& work) const override {
    Convolve<kStride>(packed, x, s_.height, s_.width, y, work.prefetcher);
  }

  void BackwardData(const float* packed, const ConvInput& dy, float* dx,
                    KernelWork& work) const override {
    packed += gradient_floats();
    if constexpr (kStride == 1) {
      Convolve<1>(packed, dy, s_.height, s_.width, dx, work.prefetcher);
    } else {
      ForEachBand(s_.height, 2, [&](int row, int rows, int block) {
        const float* w = packed + block * kBlockWeights;
        for (int y = row; y < row + rows; y++) {
          const ptrdiff_t in_row = ptrdiff_t(s_.out_width()) * s_.out;
          const float* in = dy.rows + (y / 2 - 1) * in_row - s_.out + block * kLanes;
          float* out = dx + ptrdiff_t(y) * s_.width * s_.in + block * kLanes;
          const Margins& margins = dy.margins;
          y % 2 == 0 ? DxRow<false>(in, y / 2, margins, w, out, block, work.prefetcher)
                     : DxRow<true>(in, y / 2, margins, w, out, block, work.prefetcher);
        }
      });
    }
  }

  void BackwardWeights(const ConvInput& x, const float* dy, float* gradient,
                       KernelWork& work) const override {
    const int width = s_.out_width(), band = std::max(1, kBandPixels / width);
    for (int row = 0; row < s_.out_height(); row += band) {
      const int first_row = row * kStride - kPad;
      LaneGradientSource source{x.rows + (ptrdiff_t(first_row) * s_.width - kPad) * s_.in,
                                dy + ptrdiff_t(row) * width * s_.out,
                                ptrdiff_t(s_.width) * s_.in,
                                s_.in,
                                x.margins.above + s_.height + x.margins.below,
                                s_.width,
                                x.margins.above + first_row,
                                std::min(band, s_.out_height() - row),
                                width};
      for (int b = 0; b < blocks_; b++, source.x += kLanes, source.dy += kLanes) {
        AddGradient(source, gradient + b * kBlockWeights, Channels(b), work.prefetcher);
      }
    }
  }

 private:
  using Tiling = LaneTiling<kGroup, kKernel, kStride>;
  static_assert(kKernel == 3 || !(Tiling::kSliding || Tiling::kStriding));
  static constexpr int kPad = kKernel / 2;
  static constexpr int kTaps = kKernel * kKernel;
  static constexpr size_t kBlockWeights = size_t(kGroup) * kTaps * kLanes;
  static constexpr int kBandPixels = 256;  // of one vector of channels: they stay in the L1 cache

  static size_t Index(int o, int i, int tap) {
    return o / kLanes * kBlockWeights + (size_t(i) * kTaps + tap) * kLanes + o % kLanes;
  }
  // The same, with outputs and inputs of a group exchanged.
  static size_t Turned(int o, int i, int tap) {
    return Index(o / kGroup * kGroup + i, o % kGroup, tap);
  }
  // Of a vector.
  int Channels(int block) const { return std::min(kLanes, s_.out - block * kLanes); }

  // Calls f(row, rows, block): all vectors of channels of a few rows, whose inputs then stay in the
  // cache, where weights are few; else all rows of a vector.
  template <class F>
  void ForEachBand(int height, int few, F f) const {
    const int band = kGroup <= 4 ? few : height;
    for (int row = 0; row < height; row += band) {
      for (int b = 0; b < blocks_; b++) f(row, std::min(band, height - row), b);
    }
  }

  template <int kStep>
  void Convolve(const float* packed, const ConvInput& x, int in_height, int in_width, float* y,
                Prefetcher& prefetcher) const {
    const int height = (in_height - 1) / kStep + 1, width = (in_width - 1) / kStep + 1;
    constexpr int kRows = Tiling::kRows;
    ForEachBand(height, kRows, [&](int row, int rows, int block) {
      const float* w = packed + block * kBlockWeights;
      for (int r = row; r < row + rows;) {
        const YPlace place{x.rows + block * kLanes,
                           -x.margins.above,
                           in_height + x.margins.below,
                           in_width,
                           y + ptrdiff_t(r) * width * s_.out + block * kLanes,
                           r,
                           width,
                           Channels(block)};
        if (r + kRows <= row + rows) {
          YRow<kStep, kRows>(place, w, prefetcher);
          r += kRows;
        } else {
          YRow<kStep, 1>(place, w, prefetcher);
          r++;
        }
      }
    });
  }

  // A row of y, or the first of two.
  struct YPlace {
    const float* x;
    int top, bottom;  // of x's rows
    int in_width;
    float* y;
    int row, width;
    int channels;
  };

  // Blocks of columns of about the same size; the last one reaches back over the one before it
  // where they do not divide the width.
  template <int kStep, int kRows>
  HWY_NOINLINE void YRow(const YPlace& p, const float* w, Prefetcher& prefetcher) const {
    if (p.width < 4) return YBlocks<kStep, kRows, 1>(p, w, prefetcher);
    if constexpr (kKernel == 5) {
      if (kWide && p.width % 7 == 0) return YBlocks<kStep, kRows, 7>(p, w, prefetcher);
      return YBlocks<kStep, kRows, 4>(p, w, prefetcher);
    } else {
      const int blocks = (p.width + 7) / 8;
      switch ((p.width + blocks - 1) / blocks) {
        case 4:
          return YBlocks<kStep, kRows, 4>(p, w, prefetcher);
        case 5:
          return YBlocks<kStep, kRows, 5>(p, w, prefetcher);
        case 6:
          return YBlocks<kStep, kRows, 6>(p, w, prefetcher);
        case 7:
          return YBlocks<kStep, kRows, 7>(p, w, prefetcher);
        default:
          return YBlocks<kStep, kRows, 8>(p, w, prefetcher);
      }
    }
  }

  template <int kStep, int kRows, int kBlock>
  HWY_INLINE void YBlocks(const YPlace& p, const float* w, Prefetcher& prefetcher) const {
    const int first_row = p.row * kStep - kPad;
    const ptrdiff_t in_row = ptrdiff_t(p.in_width) * s_.in;
    for (int x = 0; x < p.width; x += kBlock) {
      const int c = std::min(x, p.width - kBlock), first_column = c * kStep - kPad;
      LaneBlock<kGroup, kKernel, kStep, kRows, kBlock>(
          p.x + first_row * in_row + ptrdiff_t(first_column) * s_.in, in_row, s_.in,
          {p.top - first_row, p.bottom - first_row, -first_column, p.in_width - first_column}, w,
          p.y + ptrdiff_t(c) * s_.out, ptrdiff_t(p.width) * s_.out, p.channels, prefetcher);
    }
  }

  // A row of dx over dy's row `row`; `in` is the pixel above and left of it.
  template <bool kOdd>
  HWY_NOINLINE void DxRow(const float* in, int row, const Margins& margins, const float* w,
                          float* out, int block, Prefetcher& prefetcher) const {
    const int width = s_.out_width();
    if (kWide && width % 7 == 0)
      return DxBlocks<kOdd, 7>(in, row, margins, w, out, Channels(block), prefetcher);
    if (kWide && width >= 8)
      return DxBlocks<kOdd, 8>(in, row, margins, w, out, Channels(block), prefetcher);
    if (width >= 4) return DxBlocks<kOdd, 4>(in, row, margins, w, out, Channels(block), prefetcher);
    DxBlocks<kOdd, 1>(in, row, margins, w, out, Channels(block), prefetcher);
  }

  template <bool kOdd, int kBlock>
  HWY_INLINE void DxBlocks(const float* in, int row, const Margins& margins, const float* w,
                           float* out, int channels, Prefetcher& prefetcher) const {
    const int width = s_.out_width(), first_row = row - 1;
    for (int x = 0; x < width; x += kBlock) {
      const int c = std::min(x, width - kBlock);
      LaneParityBlock<kGroup, kKernel, kOdd, kBlock>(
          in + ptrdiff_t(c) * s_.out, ptrdiff_t(width) * s_.out, s_.out,
          {-margins.above - first_row, s_.out_height() + margins.below - first_row, 1 - c,
           width + 1 - c},
          w, out + ptrdiff_t(2 * c) * s_.in, s_.width - 2 * c, channels, prefetcher);
    }
  }

  void AddGradient(LaneGradientSource s, float* gradient, int channels,
                   Prefetcher& prefetcher) const {
    constexpr int kKernelRows = Tiling::kKernelRows, kInputs = Tiling::kInputs;
    for (int ky = 0; ky < kKernel; ky += kKernelRows) {
      for (int i = 0; i < kGroup; i += kInputs) {
        float* out = gradient + (i * kTaps + ky * kKernel) * kLanes;
        if constexpr (Tiling::kSliding) {
          LaneGradientSliding<kGroup>(s, i, out, channels, prefetcher);
        } else if constexpr (Tiling::kStriding) {
          LaneGradientStriding<kGroup>(s, i, out, channels, prefetcher);
        } else if (kWide && kGroup <= 4 && kKernel == 3 && s.columns % 7 == 0) {
          LaneGradient<kGroup, kKernel, kStride, kKernelRows, kInputs, 7>(s, i, out, channels);
        } else if (kWide && kGroup <= 4 && kKernel == 3 && s.columns >= 8) {
          LaneGradient<kGroup, kKernel, kStride, kKernelRows, kInputs, 8>(s, i, out, channels);
        } else {
          LaneGradient<kGroup, kKernel, kStride, kKernelRows, kInputs, 4>(s, i, out, channels);
        }
      }
      s.x += kKernelRows * s.x_row;
      s.first_row += kKernelRows;
    }
  }

  ConvShape s_;
  int blocks_;  // vectors of channels
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
