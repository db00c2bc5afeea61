#pragma once

#include <cstdint>

// The body of the normalisation's kernel and its grid, which the CPU can run too: a test walks the
// whole grid. C++17, for nvcc.

#ifdef __CUDACC__
#define DSE_HOST_DEVICE __host__ __device__
#else
#define DSE_HOST_DEVICE
#endif

namespace dse::cuda {

constexpr int kNormalizeThreads = 256;  // of a block

// Blocks: x over an image's values, y over images. Both walk on by the grid's size, so that a grid
// within CUDA's limit of 65,535 in y serves any batch.
struct NormalizeGrid {
  unsigned x = 1;
  unsigned y = 1;
};

inline NormalizeGrid GridFor(int64_t images, int64_t values_per_image) {
  constexpr int64_t kMostX = 1024, kMostY = 65535;
  const auto within = [](int64_t blocks, int64_t most) {
    return static_cast<unsigned>(blocks < 1 ? 1 : blocks > most ? most : blocks);
  };
  return {within((values_per_image + kNormalizeThreads - 1) / kNormalizeThreads, kMostX),
          within(images, kMostY)};
}

// values = pixels * scale[channel] + offset[image][channel] over [images, values_per_image], whose
// channels change fastest.
struct NormalizeTask {
  const uint8_t* pixels;
  int64_t images;
  int64_t values_per_image;
  float scale[3];
  const float* offset;
  float* values;
};

DSE_HOST_DEVICE inline void NormalizeThread(const NormalizeTask& task, NormalizeGrid grid,
                                            NormalizeGrid block, unsigned thread) {
  for (int64_t image = block.y; image < task.images; image += grid.y) {
    const int64_t first = image * task.values_per_image;
    for (int64_t i = int64_t{block.x} * kNormalizeThreads + thread; i < task.values_per_image;
         i += int64_t{grid.x} * kNormalizeThreads) {
      const int channel = static_cast<int>(i % 3);
      task.values[first + i] =
          task.pixels[first + i] * task.scale[channel] + task.offset[3 * image + channel];
    }
  }
}

}  // namespace dse::cuda
