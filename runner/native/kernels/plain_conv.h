#pragma once

#include <memory>

#include "runner/native/kernels/conv_kernel.h"

namespace dse::native {

// Loops over pixels, taps and channels, for every shape and processor: what faster kernels are
// compared with. A weight's gradient is summed a row of the output at a time, so that its rounding
// does not grow with the image.
std::unique_ptr<ConvKernel> MakePlainConv(const ConvShape& shape);

}  // namespace dse::native
