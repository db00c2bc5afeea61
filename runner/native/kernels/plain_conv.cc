#include "runner/native/kernels/plain_conv.h"

#include <algorithm>

namespace dse {
namespace {

class PlainConv : public ConvKernel {
 public:
  explicit PlainConv(const ConvShape& shape) : s_(shape) {}
  std::string name() const override { return "plain"; }
  size_t packed_floats() const override { return s_.weights(); }
  size_t scratch_floats() const override { return 0; }
  size_t gradient_floats() const override { return s_.weights(); }

  void Pack(const float* weight, float* packed) const override {
    std::copy_n(weight, s_.weights(), packed);
  }

  void Forward(const float* packed, const ConvInput& x, float* y, KernelWork&) const override {
    std::fill_n(y, size_t(s_.out_height()) * s_.out_width() * s_.out, 0.0f);
    ForEachProduct(
        [&](size_t in, size_t out, size_t weight) { y[out] += packed[weight] * x.rows[in]; });
  }

  void BackwardData(const float* packed, const ConvInput& dy, float* dx,
                    KernelWork&) const override {
    std::fill_n(dx, size_t(s_.height) * s_.width * s_.in, 0.0f);
    ForEachProduct(
        [&](size_t in, size_t out, size_t weight) { dx[in] += packed[weight] * dy.rows[out]; });
  }

  void BackwardWeights(const ConvInput& x, const float* dy, float* gradient,
                       KernelWork&) const override {
    ForEachProduct(
        [&](size_t in, size_t out, size_t weight) { gradient[weight] += x.rows[in] * dy[out]; });
  }

  void UnpackGradient(const float* gradient, const KernelPart& part, float* dw) const override {
    const size_t of_output = s_.weights() / s_.out;
    for (size_t i = of_output * part.first(s_.out); i < of_output * part.end(s_.out); i++) {
      dw[i] += gradient[i];
    }
  }

 private:
  // Calls product(index of x, of y, of the weight).
  template <class Product>
  void ForEachProduct(Product product) const {
    for (int oy = 0; oy < s_.out_height(); oy++) {
      for (int ox = 0; ox < s_.out_width(); ox++) ForEachTap(oy, ox, product);
    }
  }

  template <class Product>
  void ForEachTap(int oy, int ox, Product product) const {
    const int k = s_.kernel, inputs = s_.in / s_.groups, outputs = s_.out / s_.groups;
    for (int tap = 0; tap < k * k; tap++) {
      const int y = oy * s_.stride + tap / k - k / 2, x = ox * s_.stride + tap % k - k / 2;
      if (y < 0 || x < 0 || y >= s_.height || x >= s_.width) continue;
      const size_t in_pixel = (size_t(y) * s_.width + x) * s_.in;
      const size_t out_pixel = (size_t(oy) * s_.out_width() + ox) * s_.out;
      for (int o = 0; o < s_.out; o++) {
        const size_t group = size_t(o / outputs) * inputs;
        for (int i = 0; i < inputs; i++) {
          product(in_pixel + group + i, out_pixel + o, (size_t(o) * inputs + i) * k * k + tap);
        }
      }
    }
  }

  ConvShape s_;
};

}  // namespace

std::unique_ptr<ConvKernel> MakePlainConv(const ConvShape& shape) {
  return std::make_unique<PlainConv>(shape);
}

}  // namespace dse
