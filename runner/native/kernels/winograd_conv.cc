#include "runner/native/kernels/winograd_conv.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runner/native/kernels/winograd_conv.cc"
#include <hwy/foreach_target.h>
// Behind foreach_target.h:
#include "runner/native/kernels/gemm-inl.h"
#include "runner/native/kernels/stage-inl.h"
#include "runner/native/kernels/winograd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dse {
namespace HWY_NAMESPACE {
#if DSE_HAS_VECTORS

// A strip of rows of tiles at a time: its tiles' patches are transformed into 36 planes of
// tiles x channels, which are multiplied group by group, and transformed back.
class WinogradConv : public ConvKernel {
 public:
  explicit WinogradConv(const ConvShape& shape)
      : s_(shape),
        in_(shape.in / shape.groups),
        out_(shape.out / shape.groups),
        tile_columns_(CeilDiv(shape.width, kTile)),
        tile_rows_(CeilDiv(shape.height, kTile)),
        strip_(std::min(tile_rows_, CeilDiv(kWantedTiles, tile_columns_))) {}

  std::string name() const override { return "winograd"; }
  size_t packed_floats() const override {
    return gradient_floats() + kPlanes * s_.groups * GemmFloats(1, out_, in_);
  }
  size_t gradient_floats() const override { return kPlanes * s_.groups * GemmFloats(1, in_, out_); }
  size_t scratch_floats() const override {
    const int most = std::max(Pitch(s_.in), Pitch(s_.out));
    return StageFloats(most) + 2 * kPlanes * Plane(most);
  }

  void Pack(const float* weight, float* packed) const override {
    PackOne(packed, in_, out_, [&](int group, int o, int i, int tap) {
      return weight[((size_t(group) * out_ + o) * in_ + i) * 9 + tap];
    });
    // dx is the convolution of dy with the taps turned around.
    PackOne(packed + gradient_floats(), out_, in_, [&](int group, int i, int o, int tap) {
      return weight[((size_t(group) * out_ + o) * in_ + i) * 9 + 8 - tap];
    });
  }

  void Forward(const float* packed, const ConvInput& x, float* y, KernelWork& work) const override {
    Convolve({x.rows, s_.height, s_.width, s_.in}, in_, packed, y, s_.out, out_, work);
  }

  void BackwardData(const float* packed, const ConvInput& dy, float* dx,
                    KernelWork& work) const override {
    Convolve({dy.rows, s_.height, s_.width, s_.out}, out_, packed + gradient_floats(), dx, s_.in,
             in_, work);
  }

  void BackwardWeights(const ConvInput& x, const float* dy, float* gradient,
                       KernelWork& work) const override {
    const Planes xs{work.scratch + StageFloats(std::max(Pitch(s_.in), Pitch(s_.out))), Pitch(s_.in),
                    Plane(Pitch(s_.in))};
    const Planes ds{xs.p + kPlanes * xs.plane, Pitch(s_.out), Plane(Pitch(s_.out))};
    const Image dy_image{dy, s_.height, s_.width, s_.out};
    for (int row = 0; row < tile_rows_; row += strip_) {
      const int rows = std::min(strip_, tile_rows_ - row);
      TransformInput({x.rows, s_.height, s_.width, s_.in}, row, rows, work.scratch, xs);
      TransformGradient(dy_image, row, rows, work.scratch, ds);
      AddProducts(xs, ds, rows * tile_columns_, gradient, work.prefetcher);
    }
  }

  void UnpackGradient(const float* gradient, const KernelPart& part, float* dw) const override {
    const ptrdiff_t plane = ptrdiff_t(s_.groups * GemmFloats(1, in_, out_));
    for (int group = part.first(s_.groups); group < part.end(s_.groups); group++) {
      ForEachVector(in_, out_, [&](int o, int i, size_t index) {
        V taps[3][3];
        const float* from = gradient + group * GemmFloats(1, in_, out_) + index;
        Sandwich<Transposed<WeightMatrix>>(from, kPatch * plane, plane, taps);
        float lanes[kLanes];
        for (int tap = 0; tap < 9; tap++) {
          Store(taps[tap / 3][tap % 3], lanes);
          for (int lane = 0; lane < kLanes && o + lane < out_; lane++) {
            dw[((size_t(group) * out_ + o + lane) * in_ + i) * 9 + tap] += lanes[lane];
          }
        }
      });
    }
  }

 private:
  static constexpr int kWantedTiles = 16;  // enough for a product to be fast

  struct Planes {
    float* p;
    int pitch;        // of a tile
    ptrdiff_t plane;  // from one plane to the next
  };

  static int Pitch(int channels) { return RoundUp(channels, std::max(kLanes, 8)); }
  // An odd number of cache lines, so that the planes spread over the sets of the cache.
  ptrdiff_t Plane(int pitch) const {
    return (CeilDiv(strip_ * tile_columns_ * pitch, 16) | 1) * ptrdiff_t(16);
  }
  int StageColumns() const { return tile_columns_ * kTile + 2; }
  size_t StageFloats(int pitch) const {
    return RoundUp((strip_ * kTile + 2) * StageColumns() * pitch, 16);
  }

  // Calls f(first output, input, index) for every vector of a group's weights of one plane.
  template <class F>
  static void ForEachVector(int inputs, int outputs, F f) {
    size_t index = 0;
    const int vectors = CeilDiv(outputs, kLanes);
    for (int first = 0; first < vectors;) {
      const int panel = PanelVectors(vectors - first);
      for (int i = 0; i < inputs; i++) {
        for (int v = first; v < first + panel; v++, index += kLanes) f(v * kLanes, i, index);
      }
      first += panel;
    }
  }

  // weight(group, output, input, tap)
  template <class Weight>
  void PackOne(float* packed, int inputs, int outputs, Weight weight) const {
    const size_t group_floats = GemmFloats(1, inputs, outputs);
    for (int group = 0; group < s_.groups; group++) {
      ForEachVector(inputs, outputs, [&](int o, int i, size_t index) {
        float taps[9 * kLanes] = {};
        for (int lane = 0; lane < kLanes && o + lane < outputs; lane++) {
          for (int tap = 0; tap < 9; tap++) {
            taps[tap * kLanes + lane] = weight(group, o + lane, i, tap);
          }
        }
        SandwichToPlanes<Straight<WeightMatrix>>(taps, 3 * kLanes, kLanes,
                                                 packed + group * group_floats + index,
                                                 ptrdiff_t(s_.groups * group_floats));
      });
    }
  }

  void TransformInput(const Image& image, int row, int rows, float* stage,
                      const Planes& out) const {
    Stage(image, {row * kTile - 1, rows * kTile + 2, -1, StageColumns()}, 0, image.channels,
          out.pitch, stage);
    TransformTiles<Straight<InputMatrix>>(stage, rows, out);
  }

  void TransformGradient(const Image& image, int row, int rows, float* stage,
                         const Planes& out) const {
    Stage(image, {row * kTile, rows * kTile, 0, StageColumns()}, 0, image.channels, out.pitch,
          stage);
    TransformTiles<Transposed<OutputMatrix>>(stage, rows, out);
  }

  template <class M>
  HWY_NOINLINE void TransformTiles(const float* stage, int rows, const Planes& out) const {
    const ptrdiff_t stage_row = ptrdiff_t(StageColumns()) * out.pitch;
    for (int y = 0; y < rows; y++) {
      for (int x = 0; x < tile_columns_; x++) {
        const float* from = stage + y * kTile * stage_row + ptrdiff_t(x) * kTile * out.pitch;
        float* to = out.p + ptrdiff_t(y * tile_columns_ + x) * out.pitch;
        for (int c = 0; c < out.pitch; c += kLanes) {
          SandwichToPlanes<M>(from + c, stage_row, out.pitch, to + c, out.plane);
        }
      }
    }
  }

  void Convolve(const Image& image, int inputs, const float* packed, float* y, int channels,
                int outputs, KernelWork& work) const {
    const Planes xs{work.scratch + StageFloats(std::max(Pitch(s_.in), Pitch(s_.out))),
                    Pitch(image.channels), Plane(Pitch(image.channels))};
    const Planes ys{xs.p + kPlanes * xs.plane, Pitch(channels), Plane(Pitch(channels))};
    const size_t group_floats = GemmFloats(1, inputs, outputs);
    const TapList tap{{{0, 0}}, 1};
    for (int row = 0; row < tile_rows_; row += strip_) {
      const int rows = std::min(strip_, tile_rows_ - row);
      TransformInput(image, row, rows, work.scratch, xs);
      const float* w = packed;
      for (int plane = 0; plane < kPlanes; plane++) {
        for (int group = 0; group < s_.groups; group++, w += group_floats) {
          Gemm({xs.p + plane * xs.plane + group * inputs, 0, xs.pitch}, tap, 1, inputs, outputs, w,
               {ys.p + plane * ys.plane + group * outputs, 0, ys.pitch}, {1, rows * tile_columns_},
               work.prefetcher);
        }
      }
      TransformOutput(ys, row, rows, y, channels);
    }
  }

  HWY_NOINLINE void TransformOutput(const Planes& in, int row, int rows, float* y,
                                    int channels) const {
    for (int r = 0; r < rows; r++) {
      for (int x = 0; x < tile_columns_; x++) {
        const int top = (row + r) * kTile, left = x * kTile;
        const float* from = in.p + ptrdiff_t(r * tile_columns_ + x) * in.pitch;
        float* to = y + (ptrdiff_t(top) * s_.width + left) * channels;
        for (int c = 0; c < channels; c += kLanes) {
          OutputTile(from + c, in.plane, s_.height - top, s_.width - left, c + kLanes > channels,
                     to + c, ptrdiff_t(s_.width) * channels, channels);
        }
      }
    }
  }

  void AddProducts(const Planes& xs, const Planes& ds, int tiles, float* gradient,
                   Prefetcher& prefetcher) const {
    const TapList tap{{{0, 0}}, 1};
    for (int plane = 0; plane < kPlanes; plane++) {
      for (int group = 0; group < s_.groups; group++, gradient += GemmFloats(1, in_, out_)) {
        GemmGradient({xs.p + plane * xs.plane + group * in_, 0, xs.pitch}, tap, in_, out_,
                     {ds.p + plane * ds.plane + group * out_, 0, ds.pitch}, {1, tiles}, gradient,
                     prefetcher);
      }
    }
  }

  ConvShape s_;
  int in_, out_;  // channels of a group
  int tile_columns_, tile_rows_;
  int strip_;  // rows of tiles
};

std::unique_ptr<ConvKernel> MakeWinograd(const ConvShape& s) {
  return std::make_unique<WinogradConv>(s);
}

#else
std::unique_ptr<ConvKernel> MakeWinograd(const ConvShape&) { return nullptr; }
#endif
}  // namespace HWY_NAMESPACE
}  // namespace dse
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dse {

HWY_EXPORT(MakeWinograd);

std::unique_ptr<ConvKernel> MakeWinogradConv(const ConvShape& s) {
  const int in = s.in / s.groups, out = s.out / s.groups;
  if (s.kernel != 3 || s.stride != 1 || in % 8 != 0 || out % 8 != 0) return nullptr;
  // Measured: few channels need many tiles, tiles that are cut off cost as much as others, and more
  // weights than this, of which there are 36 for 9, do not stay in a cache.
  const int tiles = ((s.height + 3) / 4) * ((s.width + 3) / 4);
  if (std::min(in, out) < 16 || tiles < (std::min(in, out) < 24 ? 16 : 4)) return nullptr;
  if (s.height * s.width < 16 * tiles * 11 / 20) return nullptr;
  if (size_t(s.groups) * in * out > (100u << 10)) return nullptr;
  return HWY_DYNAMIC_DISPATCH(MakeWinograd)(s);
}

}  // namespace dse
#endif
