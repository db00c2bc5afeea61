#pragma once

#include <vector>

#include "runner/native/kernels/conv_kernel.h"

namespace dse {

// A convolution's results by plain loops in double.
struct ConvReference {
  std::vector<double> y, dx, dw;
};
ConvReference ComputeReference(const ConvShape& shape, const float* weight, const float* x,
                               const float* dy);

}  // namespace dse
