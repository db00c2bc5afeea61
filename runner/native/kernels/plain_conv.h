#pragma once

#include "runner/native/kernels/conv_kernel.h"

namespace dse {

// Loops as the definition has them, for every shape.
std::unique_ptr<ConvKernel> MakePlainConv(const ConvShape& shape);

}  // namespace dse
