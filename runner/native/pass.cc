#include "runner/native/pass.h"

namespace dse::native {

void ImageInput::Write(const Pass& pass, int image, int first_row, int rows, float* x,
                       float* side) const {
  const size_t row_floats = size_t{3} * pass.batch->resolution;
  const size_t first = row_floats * first_row, count = row_floats * rows;
  WriteOne(*pass.batch, pass.range.first + image, first, count, x);
  if (!pass.mixes()) return;
  WriteOne(*pass.batch, pass.range.first + pass.opposite(image), first, count, side);
  const auto share = static_cast<float>(pass.mixture);
  const auto rest = static_cast<float>(1 - pass.mixture);
  for (size_t i = 0; i < count; ++i) x[i] = x[i] * share + side[i] * rest;
}

// Goes by several pixels at a time, which the compiler turns into vectors.
void ImageInput::WriteOne(const Batch& batch, int image, size_t first, size_t count,
                          float* x) const {
  constexpr size_t kPeriod = 48;
  float scale[kPeriod], offset[kPeriod];
  for (size_t i = 0; i < kPeriod; ++i) {
    const size_t c = i % 3;
    scale[i] = 1 / (255 * deviation_[c]);
    offset[i] = (batch.color_shift[static_cast<size_t>(image)][c] - mean_[c]) / deviation_[c];
  }
  const size_t of_image = size_t{3} * batch.resolution * batch.resolution;
  const uint8_t* const from = batch.pixels.data() + of_image * static_cast<size_t>(image) + first;
  const auto write = [&](size_t at, size_t i) {
    x[at + i] = static_cast<float>(from[at + i]) * scale[i] + offset[i];
  };
  size_t at = 0;
  for (; at + kPeriod <= count; at += kPeriod) {
    for (size_t i = 0; i < kPeriod; ++i) write(at, i);
  }
  for (size_t i = 0; at + i < count; ++i) write(at, i);
}

}  // namespace dse::native
