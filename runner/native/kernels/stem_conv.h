#pragma once

#include "runner/native/kernels/conv_kernel.h"

namespace dse {

// Dense convolutions of fewer than 4 channels, as an image has: the taps of a row of the kernel are
// one product, since their pixels lie side by side. The gradient of the image is left to plain
// loops, for no step needs it. Null where the channels out are no multiple of 8 or the kernel is
// even or over 7.
std::unique_ptr<ConvKernel> MakeStemConv(const ConvShape& shape);

}  // namespace dse
