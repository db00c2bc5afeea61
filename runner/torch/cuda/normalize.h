#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

namespace dse::cuda {

// values = pixels * scale[channel] + offset[image][channel] over [images, pixels_per_image, 3], on
// `stream`. `scale` is on the host, everything else on the device. Answers whether the launch
// succeeded.
cudaError_t NormalizeImages(const uint8_t* pixels, int64_t images, int64_t pixels_per_image,
                            const float* scale, const float* offset, float* values,
                            cudaStream_t stream);

}  // namespace dse::cuda
