#include <algorithm>
#include <string>

#include "core/error.h"
#include "runner/torch/cuda/normalize.h"

namespace dse::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int64_t kMaxBlocks = 1024;

// One row of the grid per image.
__global__ void NormalizeKernel(const uint8_t* pixels, int64_t values_per_image, float3 scale,
                                const float* offset, float* values) {
  const int64_t first = blockIdx.y * values_per_image;
  const float scales[3] = {scale.x, scale.y, scale.z};
  for (int64_t i = blockIdx.x * int64_t{blockDim.x} + threadIdx.x; i < values_per_image;
       i += int64_t{gridDim.x} * blockDim.x) {
    const int channel = static_cast<int>(i % 3);
    values[first + i] = pixels[first + i] * scales[channel] + offset[3 * blockIdx.y + channel];
  }
}

}  // namespace

void NormalizeImages(const uint8_t* pixels, int images, int64_t pixels_per_image,
                     const float* scale, const float* offset, float* values, cudaStream_t stream) {
  const int64_t count = 3 * pixels_per_image;
  const dim3 grid(static_cast<unsigned>(std::min(kMaxBlocks, (count + kThreads - 1) / kThreads)),
                  static_cast<unsigned>(images));
  NormalizeKernel<<<grid, kThreads, 0, stream>>>(
      pixels, count, make_float3(scale[0], scale[1], scale[2]), offset, values);
  const cudaError_t status = cudaGetLastError();
  if (status != cudaSuccess) {
    throw Error(std::string("the GPU did not run the normalisation of images: ") +
                cudaGetErrorString(status));
  }
}

}  // namespace dse::cuda
