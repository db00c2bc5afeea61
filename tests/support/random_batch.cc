#include "tests/support/random_batch.h"

#include <array>

#include "core/rng.h"

namespace dse {

Batch RandomBatch(const Frame& frame, int size, uint64_t seed) {
  RandomStream random(StreamKey(seed, "random batch"), 0);
  Batch batch;
  batch.size = size;
  batch.resolution = frame.resolution;
  batch.pixels.resize(size_t{3} * size * frame.resolution * frame.resolution);
  for (uint8_t& pixel : batch.pixels) pixel = static_cast<uint8_t>(random.Below(256));
  for (int i = 0; i < size; ++i) {
    batch.labels.push_back(static_cast<int64_t>(random.Below(frame.classes)));
    std::array<float, 3>& shift = batch.color_shift.emplace_back();
    for (float& channel : shift) channel = static_cast<float>(random.Uniform(-0.1, 0.1));
  }
  return batch;
}

}  // namespace dse
