#pragma once

#include "runner/native/kernels/conv_kernel.h"

namespace dse {

// Groups of 1, 2, 4, 8 or 16 channels, as many out as in, kernel 3 (5 for groups of 1), stride 1 or
// 2, channels a multiple of 8. Null for others, and where a vector is shorter than a group.
std::unique_ptr<ConvKernel> MakeLaneConv(const ConvShape& shape);

}  // namespace dse
