#include "runner/native/pass.h"

namespace dse::native {

void ImageInput::Write(const Pass& pass, int image, float* x, float* side) const {
  WriteOne(*pass.batch, pass.range.first + image, x);
  if (!pass.mixes()) return;
  WriteOne(*pass.batch, pass.range.first + pass.opposite(image), side);
  const auto share = static_cast<float>(pass.mixture);
  const auto rest = static_cast<float>(1 - pass.mixture);
  const size_t count = size_t{3} * pass.batch->resolution * pass.batch->resolution;
  for (size_t i = 0; i < count; ++i) x[i] = x[i] * share + side[i] * rest;
}

void ImageInput::WriteOne(const Batch& batch, int image, float* x) const {
  float scale[3], offset[3];
  for (size_t c = 0; c < 3; ++c) {
    scale[c] = 1 / (255 * deviation_[c]);
    offset[c] = (batch.color_shift[static_cast<size_t>(image)][c] - mean_[c]) / deviation_[c];
  }
  const size_t pixels = size_t{1} * batch.resolution * batch.resolution;
  const uint8_t* from = batch.pixels.data() + 3 * pixels * static_cast<size_t>(image);
  for (size_t pixel = 0; pixel < pixels; ++pixel) {
    for (size_t c = 0; c < 3; ++c) *x++ = static_cast<float>(*from++) * scale[c] + offset[c];
  }
}

}  // namespace dse::native
