#include "runner/native/max_pool.h"

#include <algorithm>
#include <cmath>

namespace dse::native {
namespace {

// Where in x, [pixel][channel], the maximum for an output's channel is; no number is above all.
size_t Largest(const PoolShape& shape, const float* x, int oy, int ox, int channel) {
  const int top = std::max(0, 2 * oy - 1), bottom = std::min(shape.height, 2 * oy + 2);
  const int left = std::max(0, 2 * ox - 1), right = std::min(shape.width, 2 * ox + 2);
  const auto at = [&](int row, int column) {
    return (size_t{1} * row * shape.width + column) * shape.channels + channel;
  };
  size_t best = at(top, left);
  for (int row = top; row < bottom; ++row) {
    for (int column = left; column < right; ++column) {
      const size_t place = at(row, column);
      if (x[place] > x[best] || std::isnan(x[place])) best = place;
    }
  }
  return best;
}

// Calls body(place in the output, place of its maximum in x).
template <typename Body>
void ForEachMaximum(const PoolShape& shape, const float* x, const Body& body) {
  size_t output = 0;
  for (int oy = 0; oy < shape.out_height(); ++oy) {
    for (int ox = 0; ox < shape.out_width(); ++ox) {
      for (int c = 0; c < shape.channels; ++c) body(output++, Largest(shape, x, oy, ox, c));
    }
  }
}

}  // namespace

void MaxPool(const PoolShape& shape, const float* x, float* y) {
  ForEachMaximum(shape, x, [&](size_t output, size_t place) { y[output] = x[place]; });
}

void DifferentiateMaxPool(const PoolShape& shape, const float* x, const float* dy, float* dx) {
  std::fill_n(dx, size_t{1} * shape.height * shape.width * shape.channels, 0.0f);
  ForEachMaximum(shape, x, [&](size_t output, size_t place) { dx[place] += dy[output]; });
}

}  // namespace dse::native
