#include "tests/runner/native/kernels/conv_reference.h"

namespace dse {

ConvReference ComputeReference(const ConvShape& s, const float* weight, const float* x,
                               const float* dy) {
  const int k = s.kernel, inputs = s.in / s.groups, outputs = s.out / s.groups;
  ConvReference r;
  r.y.resize(size_t(s.out_height()) * s.out_width() * s.out);
  r.dx.resize(size_t(s.height) * s.width * s.in);
  r.dw.resize(s.weights());
  for (int oy = 0; oy < s.out_height(); oy++) {
    for (int ox = 0; ox < s.out_width(); ox++) {
      for (int tap = 0; tap < k * k; tap++) {
        const int iy = oy * s.stride + tap / k - k / 2, ix = ox * s.stride + tap % k - k / 2;
        if (iy < 0 || ix < 0 || iy >= s.height || ix >= s.width) continue;
        for (int o = 0; o < s.out; o++) {
          const size_t out = (size_t(oy) * s.out_width() + ox) * s.out + o;
          for (int i = 0; i < inputs; i++) {
            const size_t in = (size_t(iy) * s.width + ix) * s.in + o / outputs * inputs + i;
            const size_t w = (size_t(o) * inputs + i) * k * k + tap;
            r.y[out] += double(weight[w]) * x[in];
            r.dx[in] += double(weight[w]) * dy[out];
            r.dw[w] += double(x[in]) * dy[out];
          }
        }
      }
    }
  }
  return r;
}

}  // namespace dse
