#include "runner/native/kernels/conv_kernel.h"

#include "runner/native/kernels/gemm_conv.h"
#include "runner/native/kernels/lane_conv.h"
#include "runner/native/kernels/plain_conv.h"
#include "runner/native/kernels/stem_conv.h"
#include "runner/native/kernels/winograd_conv.h"

namespace dse {

std::unique_ptr<ConvKernel> MakeConvKernel(const ConvShape& shape, ConvAccuracy accuracy) {
  if (auto kernel = accuracy == ConvAccuracy::kFast ? MakeWinogradConv(shape) : nullptr) {
    return kernel;
  }
  if (auto kernel = MakeLaneConv(shape)) return kernel;
  if (auto kernel = MakeStemConv(shape)) return kernel;
  if (auto kernel = MakeGemmConv(shape)) return kernel;
  return MakePlainConv(shape);
}

}  // namespace dse
