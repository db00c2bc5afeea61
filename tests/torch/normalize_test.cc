#include <catch2/catch.hpp>
#include <cmath>

#include "core/rng.h"
#include "runner/torch/probes.h"

namespace dse::normalize_test {
namespace {

Batch RandomBatch(int size, int resolution) {
  Batch batch;
  batch.size = size;
  batch.resolution = resolution;
  RandomStream random(StreamKey(3, "pixels"), 0);
  batch.pixels.resize(3 * size * resolution * resolution);
  for (uint8_t& pixel : batch.pixels) pixel = static_cast<uint8_t>(random.Below(256));
  batch.labels.assign(size, 0);
  for (int i = 0; i < size; ++i) batch.color_shift.push_back({0.01f * i, -0.02f, 0.03f});
  return batch;
}

double WorstError(const Batch& batch, const DatasetInfo& info, const std::vector<float>& values) {
  const int64_t per_image = int64_t{3} * batch.resolution * batch.resolution;
  double worst = 0;
  for (int64_t i = 0; i < per_image * batch.size; ++i) {
    const int64_t c = i % 3;
    const double shift = batch.color_shift[i / per_image][c];
    const double expected = (batch.pixels[i] / 255.0 + shift - info.mean[c]) / info.stddev[c];
    worst = std::max(worst, std::abs(values[i] - expected));
  }
  return worst;
}

TEST_CASE("Pixels become (pixel/255 + shift - mean) / deviation by image and channel") {
  const DatasetInfo info;
  for (const int resolution : {1, 5, 32}) {
    const Batch batch = RandomBatch(3, resolution);
    const std::vector<float> values = probe::NormalizedBatch(batch, info, "cpu");
    REQUIRE(values.size() == batch.pixels.size());
    CHECK(WorstError(batch, info, values) < 2e-6);
  }
}

TEST_CASE("The GPU's kernel normalises as the CPU does", "[.gpu]") {
  const DatasetInfo info;
  const Batch batch = RandomBatch(5, 61);
  CHECK(WorstError(batch, info, probe::NormalizedBatch(batch, info, "cuda")) < 2e-6);
}

}  // namespace
}  // namespace dse::normalize_test
