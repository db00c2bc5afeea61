#include "runner/native/kernels/plain_conv.h"

#include <algorithm>

namespace dse::native {
namespace {

class PlainConv : public ConvKernel {
 public:
  explicit PlainConv(const ConvShape& shape)
      : shape_(shape),
        group_in_(shape.in / shape.groups),
        group_out_(shape.out / shape.groups),
        out_height_(shape.out_height()),
        out_width_(shape.out_width()) {}

  std::string name() const override { return "plain"; }
  // [tap][group][in][out] for Forward, then [tap][group][out][in] for BackwardData.
  size_t packed_floats() const override { return 2 * weights(); }
  size_t scratch_floats() const override { return weights(); }
  // [tap][group][in][out].
  size_t gradient_floats() const override { return weights(); }

  void Pack(const float* weight, float* packed) const override {
    ForEachWeight([&](size_t plain, size_t by_out, size_t by_in) {
      packed[by_out] = weight[plain];
      packed[weights() + by_in] = weight[plain];
    });
  }

  void Forward(const float* packed, const float* x, float* y, float*) const override {
    std::fill_n(y, size_t{1} * out_height_ * out_width_ * shape_.out, 0.0f);
    ForEachTap(0, out_height_, [&](size_t tap, size_t in_pixel, size_t out_pixel) {
      AddProducts(packed + tap * tap_weights(), group_in_, group_out_, x + in_pixel * shape_.in,
                  y + out_pixel * shape_.out);
    });
  }

  void BackwardData(const float* packed, const float* dy, float* dx, float*) const override {
    std::fill_n(dx, size_t{1} * shape_.height * shape_.width * shape_.in, 0.0f);
    ForEachTap(0, out_height_, [&](size_t tap, size_t in_pixel, size_t out_pixel) {
      AddProducts(packed + weights() + tap * tap_weights(), group_out_, group_in_,
                  dy + out_pixel * shape_.out, dx + in_pixel * shape_.in);
    });
  }

  void BackwardWeights(const float* x, const float* dy, float* gradient,
                       float* scratch) const override {
    for (int row = 0; row < out_height_; ++row) {
      std::fill_n(scratch, weights(), 0.0f);
      ForEachTap(row, row + 1, [&](size_t tap, size_t in_pixel, size_t out_pixel) {
        AddOuterProducts(x + in_pixel * shape_.in, dy + out_pixel * shape_.out,
                         scratch + tap * tap_weights());
      });
      for (size_t i = 0; i < weights(); ++i) gradient[i] += scratch[i];
    }
  }

  void UnpackGradient(const float* gradient, float* dw) const override {
    ForEachWeight([&](size_t plain, size_t by_out, size_t) { dw[plain] = gradient[by_out]; });
  }

 private:
  size_t tap_weights() const { return size_t{1} * shape_.out * group_in_; }
  size_t weights() const { return tap_weights() * shape_.kernel * shape_.kernel; }

  // Calls body(place in the plain layout, in [tap][group][in][out], in [tap][group][out][in]).
  template <typename Body>
  void ForEachWeight(const Body& body) const {
    const size_t taps = size_t{1} * shape_.kernel * shape_.kernel;
    size_t plain = 0;
    for (size_t o = 0; o < static_cast<size_t>(shape_.out); ++o) {
      const size_t group = o / group_out_, within = o % group_out_;
      for (size_t i = 0; i < group_in_; ++i) {
        for (size_t tap = 0; tap < taps; ++tap) {
          const size_t first = tap * tap_weights() + group * group_in_ * group_out_;
          body(plain++, first + i * group_out_ + within, first + within * group_in_ + i);
        }
      }
    }
  }

  // Calls body(tap, input pixel, output pixel) for the output rows [first, end), for every tap that
  // lies inside the image.
  template <typename Body>
  void ForEachTap(int first, int end, const Body& body) const {
    const int padding = shape_.kernel / 2;
    for (int oy = first; oy < end; ++oy) {
      for (int ky = 0; ky < shape_.kernel; ++ky) {
        const int iy = oy * shape_.stride + ky - padding;
        if (iy < 0 || iy >= shape_.height) continue;
        for (int ox = 0; ox < out_width_; ++ox) {
          for (int kx = 0; kx < shape_.kernel; ++kx) {
            const int ix = ox * shape_.stride + kx - padding;
            if (ix < 0 || ix >= shape_.width) continue;
            body(size_t{1} * ky * shape_.kernel + kx, size_t{1} * iy * shape_.width + ix,
                 size_t{1} * oy * out_width_ + ox);
          }
        }
      }
    }
  }

  // to[group][t] += from[group][f] * weight[group][f][t].
  void AddProducts(const float* weight, size_t from_width, size_t to_width, const float* from,
                   float* to) const {
    for (int group = 0; group < shape_.groups; ++group, to += to_width) {
      for (size_t f = 0; f < from_width; ++f, weight += to_width) {
        const float value = *from++;
        for (size_t t = 0; t < to_width; ++t) to[t] += value * weight[t];
      }
    }
  }

  // sums[group][in][out] += x[group][in] * dy[group][out].
  void AddOuterProducts(const float* x, const float* dy, float* sums) const {
    for (int group = 0; group < shape_.groups; ++group, dy += group_out_) {
      for (size_t i = 0; i < group_in_; ++i, sums += group_out_) {
        const float value = *x++;
        for (size_t o = 0; o < group_out_; ++o) sums[o] += value * dy[o];
      }
    }
  }

  const ConvShape shape_;
  const size_t group_in_;
  const size_t group_out_;
  const int out_height_;
  const int out_width_;
};

}  // namespace

std::unique_ptr<ConvKernel> MakePlainConv(const ConvShape& shape) {
  return std::make_unique<PlainConv>(shape);
}

}  // namespace dse::native
