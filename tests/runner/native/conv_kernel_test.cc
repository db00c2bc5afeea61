#include "runner/native/kernels/conv_kernel.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <vector>

#include "core/rng.h"

namespace dse::native {
namespace {

std::vector<float> Noise(size_t count, uint64_t seed) {
  RandomStream random(StreamKey(seed, "conv kernel test"), 0);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random.Normal());
  return values;
}

// Calls body(place in the weight, in x, in y) for every product of the convolution, by its
// definition.
void ForEachProduct(const ConvShape& s, const std::function<void(size_t, size_t, size_t)>& body) {
  const int in = s.in / s.groups, out = s.out / s.groups, padding = s.kernel / 2;
  for (int oy = 0; oy < s.out_height(); ++oy) {
    for (int ox = 0; ox < s.out_width(); ++ox) {
      for (int o = 0; o < s.out; ++o) {
        for (int i = 0; i < in; ++i) {
          for (int tap = 0; tap < s.kernel * s.kernel; ++tap) {
            const int iy = oy * s.stride + tap / s.kernel - padding;
            const int ix = ox * s.stride + tap % s.kernel - padding;
            if (iy < 0 || iy >= s.height || ix < 0 || ix >= s.width) continue;
            body((size_t{1} * o * in + i) * s.kernel * s.kernel + tap,
                 (size_t{1} * iy * s.width + ix) * s.in + o / out * in + i,
                 (size_t{1} * oy * s.out_width() + ox) * s.out + o);
          }
        }
      }
    }
  }
}

double LargestError(const std::vector<float>& values, const std::vector<double>& reference) {
  double error = 0, largest = 0;
  for (size_t i = 0; i < reference.size(); ++i) {
    error = std::max(error, std::abs(values[i] - reference[i]));
    largest = std::max(largest, std::abs(reference[i]));
  }
  return error / std::max(largest, 1e-30);
}

// All four directions, against sums in double.
void CheckKernel(const ConvShape& s) {
  CAPTURE(s.in, s.out, s.kernel, s.stride, s.groups, s.height, s.width);
  constexpr double kTolerance = 2e-6;
  constexpr size_t kSlack = 16;  // vectors may be read over the end
  const std::unique_ptr<ConvKernel> kernel = MakeConvKernel(s);
  const size_t weights = size_t{1} * s.out * (s.in / s.groups) * s.kernel * s.kernel;
  const size_t inputs = size_t{1} * s.height * s.width * s.in;
  const size_t outputs = size_t{1} * s.out_height() * s.out_width() * s.out;
  const std::vector<float> w = Noise(weights, 1), x = Noise(inputs + kSlack, 2);
  const std::vector<float> dy = Noise(outputs + kSlack, 3);
  std::vector<double> y(outputs), dx(inputs), dw(weights);
  ForEachProduct(s, [&](size_t at_w, size_t at_x, size_t at_y) {
    y[at_y] += double{w[at_w]} * x[at_x];
    dx[at_x] += double{w[at_w]} * dy[at_y];
    dw[at_w] += double{x[at_x]} * dy[at_y];
  });

  std::vector<float> packed(kernel->packed_floats() + kSlack);
  std::vector<float> scratch(kernel->scratch_floats() + kSlack);
  std::vector<float> result(std::max(inputs, outputs) + kSlack, 7.0f);
  kernel->Pack(w.data(), packed.data());
  kernel->Forward(packed.data(), x.data(), result.data(), scratch.data());
  CHECK(LargestError(result, y) < kTolerance);
  std::ranges::fill(result, 7.0f);  // is overwritten
  kernel->BackwardData(packed.data(), dy.data(), result.data(), scratch.data());
  CHECK(LargestError(result, dx) < kTolerance);
  // Is added to: twice the gradient after two calls.
  std::vector<float> gradient(kernel->gradient_floats() + kSlack), unpacked(weights, 7.0f);
  for (int i = 0; i < 2; ++i) {
    kernel->BackwardWeights(x.data(), dy.data(), gradient.data(), scratch.data());
  }
  kernel->UnpackGradient(gradient.data(), unpacked.data());
  for (float& value : unpacked) value /= 2;
  CHECK(LargestError(unpacked, dw) < kTolerance);
}

}  // namespace

TEST_CASE("Kernels compute convolutions and their gradients") {
  for (const int kernel : {1, 3, 5, 7}) {
    for (const int stride : {1, 2}) {
      CheckKernel({3, 16, kernel, stride, 1, 9, 9});
      CheckKernel({24, 40, kernel, stride, 1, 8, 8});
      CheckKernel({5, 7, kernel, stride, 1, 6, 11});
    }
  }
  for (const int group_width : {1, 2, 3, 4, 8, 16, 24, 40}) {
    for (const int stride : {1, 2}) {
      for (const int side : {1, 7, 16}) {
        CheckKernel({2 * group_width, 2 * group_width, 3, stride, 2, side, side});
        CheckKernel({3 * group_width, 3 * group_width, 5, stride, 3, side, side});
      }
    }
  }
}

}  // namespace dse::native
