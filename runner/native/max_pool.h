#pragma once

#include <cstddef>

namespace dse::native {

// The 3x3 maximum of stride 2 behind the resnet stem; padding of 1 that never wins, sides
// (n + 1) / 2.
struct PoolShape {
  int height = 0;  // of the input
  int width = 0;
  int channels = 0;
  int out_height() const { return (height + 1) / 2; }
  int out_width() const { return (width + 1) / 2; }
};
void MaxPool(const PoolShape& shape, const float* x, float* y);
// Overwrites dx: a maximum's gradient belongs to the first of equals, row by row.
void DifferentiateMaxPool(const PoolShape& shape, const float* x, const float* dy, float* dx);

}  // namespace dse::native
