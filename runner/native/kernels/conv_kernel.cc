#include "runner/native/kernels/conv_kernel.h"

#include "runner/native/kernels/gemm_conv.h"
#include "runner/native/kernels/plain_conv.h"

namespace dse {

std::unique_ptr<ConvKernel> MakeConvKernel(const ConvShape& shape) {
  if (auto kernel = MakeGemmConv(shape)) return kernel;
  return MakePlainConv(shape);
}

}  // namespace dse
