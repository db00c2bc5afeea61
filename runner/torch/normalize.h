#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <vector>

#include "runner/data/batches.h"

namespace dse {

// Turns 8-bit batches into network inputs, value (pixel/255 + shift - mean) / deviation, in buffers
// that are made once and reused: the images of a call are valid until the next one.
class Normalizer {
 public:
  // For up to `images` at a time of `resolution` pixels a side.
  Normalizer(int images, int resolution, const std::array<float, 3>& mean,
             const std::array<float, 3>& deviation, at::Device device);

  // Images first .. first + count - 1 of the batch: [count, 3, resolution, resolution] in
  // channels_last, on the device.
  at::Tensor Images(const Batch& batch, int first, int count);
  // [count], on the device.
  at::Tensor Labels(const Batch& batch, int first, int count) const;

 private:
  at::Tensor ImagesOnCpu(const uint8_t* pixels, const std::vector<float>& offset);
  at::Tensor ImagesOnGpu(const uint8_t* pixels, const std::vector<float>& offset);

  std::array<float, 3> mean_;
  std::array<float, 3> deviation_;
  at::Device device_;
  at::Tensor images_;  // float [batch, r, r, 3]
  at::Tensor pixels_;  // uint8, the same shape; GPU only
};

}  // namespace dse
