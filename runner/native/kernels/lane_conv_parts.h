#pragma once

#include "runner/native/kernels/conv_kernel.h"

namespace dse {

// The kernels of lane_conv.h, compiled in two files: groups of 1, 2 and 4 channels, and of 8
// and 16.
std::unique_ptr<ConvKernel> MakeNarrowLaneConv(const ConvShape& shape);
std::unique_ptr<ConvKernel> MakeWideLaneConv(const ConvShape& shape);

}  // namespace dse
