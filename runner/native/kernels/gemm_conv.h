#pragma once

#include "runner/native/kernels/conv_kernel.h"

namespace dse {

// Matrix products: kernel 1 where the images lie, others as one product for each tap over a copy
// with zeros around. Null where a group's channels, in or out, are no multiple of 8, where the
// kernel is over 7 or, but for kernel 1, below the stride.
std::unique_ptr<ConvKernel> MakeGemmConv(const ConvShape& shape);

}  // namespace dse
