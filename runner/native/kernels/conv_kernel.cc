#include "runner/native/kernels/conv_kernel.h"

#include "runner/native/kernels/plain_conv.h"

namespace dse::native {
namespace {

int OutputSide(int side, const ConvShape& shape) {
  return (side + 2 * (shape.kernel / 2) - shape.kernel) / shape.stride + 1;
}

}  // namespace

int ConvShape::out_height() const { return OutputSide(height, *this); }
int ConvShape::out_width() const { return OutputSide(width, *this); }

std::unique_ptr<ConvKernel> MakeConvKernel(const ConvShape& shape) { return MakePlainConv(shape); }

}  // namespace dse::native
