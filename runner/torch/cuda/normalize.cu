#include "runner/torch/cuda/normalize.h"
#include "runner/torch/cuda/normalize_thread.h"

namespace dse::cuda {
namespace {

__global__ void NormalizeKernel(NormalizeTask task) {
  NormalizeThread(task, {gridDim.x, gridDim.y}, {blockIdx.x, blockIdx.y}, threadIdx.x);
}

}  // namespace

cudaError_t NormalizeImages(const uint8_t* pixels, int64_t images, int64_t pixels_per_image,
                            const float* scale, const float* offset, float* values,
                            cudaStream_t stream) {
  const NormalizeTask task{pixels, images, 3 * pixels_per_image, {scale[0], scale[1], scale[2]},
                           offset, values};
  const NormalizeGrid grid = GridFor(images, task.values_per_image);
  NormalizeKernel<<<dim3(grid.x, grid.y), kNormalizeThreads, 0, stream>>>(task);
  return cudaGetLastError();
}

}  // namespace dse::cuda
