#include "runner/torch/normalize.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>

#include "core/error.h"

#ifdef DSE_TORCH_CUDA
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include "runner/torch/cuda/normalize.h"
#endif

namespace dse {
namespace {

// Lanes worked on at once: whole pixels and whole vectors.
constexpr int64_t kLanes = 48;

// values[i] = pixels[i] * scale[i % 3] + offset[i % 3].
void NormalizeImage(const uint8_t* pixels, int64_t count, const float* scale, const float* offset,
                    float* values) {
  float scales[kLanes], offsets[kLanes];
  for (int64_t lane = 0; lane < kLanes; ++lane) {
    scales[lane] = scale[lane % 3];
    offsets[lane] = offset[lane % 3];
  }
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      values[i + lane] = static_cast<float>(pixels[i + lane]) * scales[lane] + offsets[lane];
    }
  }
  for (; i < count; ++i) values[i] = static_cast<float>(pixels[i]) * scales[i % 3] + offsets[i % 3];
}

std::array<float, 3> Scale(const std::array<float, 3>& deviation) {
  return {1 / (255 * deviation[0]), 1 / (255 * deviation[1]), 1 / (255 * deviation[2])};
}

}  // namespace

Normalizer::Normalizer(int images, int resolution, const std::array<float, 3>& mean,
                       const std::array<float, 3>& deviation, at::Device device)
    : mean_(mean), deviation_(deviation), device_(device) {
  const std::array<int64_t, 4> shape{images, resolution, resolution, 3};
  images_ = at::empty(shape, at::TensorOptions(device).dtype(at::kFloat));
  if (device.is_cuda()) pixels_ = at::empty(shape, at::TensorOptions(device).dtype(at::kByte));
}

at::Tensor Normalizer::Images(const Batch& batch, int first, int count) {
  std::vector<float> offset(3 * static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    for (int c = 0; c < 3; ++c)
      offset[3 * i + c] = (batch.color_shift[first + i][c] - mean_[c]) / deviation_[c];
  }
  const size_t image_bytes = 3 * static_cast<size_t>(batch.resolution) * batch.resolution;
  const uint8_t* pixels = batch.pixels.data() + first * image_bytes;
  const at::Tensor images =
      device_.is_cuda() ? ImagesOnGpu(pixels, offset) : ImagesOnCpu(pixels, offset);
  return images.permute({0, 3, 1, 2});
}

at::Tensor Normalizer::Labels(const Batch& batch, int first, int count) const {
  at::Tensor labels = at::empty({count}, at::TensorOptions(at::kCPU).dtype(at::kLong));
  std::copy_n(batch.labels.data() + first, count, labels.mutable_data_ptr<int64_t>());
  return labels.to(device_);
}

at::Tensor Normalizer::ImagesOnCpu(const uint8_t* pixels, const std::vector<float>& offset) {
  const auto count = static_cast<int64_t>(offset.size() / 3);
  const at::Tensor images = images_.narrow(0, 0, count);
  const int64_t values_each = images.numel() / count;
  const std::array<float, 3> scale = Scale(deviation_);
  float* values = images.mutable_data_ptr<float>();
  at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      NormalizeImage(pixels + i * values_each, values_each, scale.data(), &offset[3 * i],
                     values + i * values_each);
    }
  });
  return images;
}

#ifdef DSE_TORCH_CUDA
at::Tensor Normalizer::ImagesOnGpu(const uint8_t* bytes, const std::vector<float>& offset) {
  const c10::cuda::CUDAGuard guard(device_);
  const auto count = static_cast<int64_t>(offset.size() / 3);
  const at::Tensor images = images_.narrow(0, 0, count);
  const at::Tensor pixels = pixels_.narrow(0, 0, count);
  // from_blob only views the memory; nothing writes to it.
  pixels.copy_(
      at::from_blob(const_cast<uint8_t*>(bytes), pixels.sizes(), at::TensorOptions(at::kByte)));
  const at::Tensor offsets =
      at::from_blob(const_cast<float*>(offset.data()), {count, 3}, at::TensorOptions(at::kFloat))
          .to(device_);
  const std::array<float, 3> scale = Scale(deviation_);
  C10_CUDA_CHECK(cuda::NormalizeImages(
      pixels.const_data_ptr<uint8_t>(), count, pixels.numel() / count / 3, scale.data(),
      offsets.const_data_ptr<float>(), images.mutable_data_ptr<float>(),
      c10::cuda::getCurrentCUDAStream().stream()));
  return images;
}
#else
at::Tensor Normalizer::ImagesOnGpu(const uint8_t*, const std::vector<float>&) {
  throw Error("this build has no GPU code: build with a CUDA toolkit and DSE_WITH_CUDA=ON");
}
#endif

}  // namespace dse
