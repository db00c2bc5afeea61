#pragma once

#include "runner/native/kernels/conv_kernel.h"

namespace dse {

// Winograd's F(4x4, 3x3): a quarter of the multiplications of a 3x3 convolution without stride,
// with errors up to 2e-5 of the largest value where direct kernels have 1e-6. Null where it is
// not faster: for other kernels, fewer than 16 channels in a group, images of few tiles or of tiles
// that are mostly cut off, and more weights than caches hold.
std::unique_ptr<ConvKernel> MakeWinogradConv(const ConvShape& shape);

}  // namespace dse
