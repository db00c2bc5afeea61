#pragma once

#include <array>
#include <cassert>
#include <cstdint>
#include <span>

#include "runner/data/batches.h"
#include "runner/native/step_state.h"
#include "runner/training/division.h"

namespace dse::native {

// What is computed for: images of a batch that are normalised together.
struct Pass {
  const Batch* batch = nullptr;
  BatchPart range{};
  int replica = 0;                   // whose running statistics
  double mixture = 1;                // mixup: the share of each image; the rest is of its opposite
  std::span<const float> drop_path;  // [residual blocks, images], or empty
  std::span<const float> dropout;    // [images, features], or empty

  bool mixes() const { return mixture < 1; }
  int opposite(int image) const { return range.count - 1 - image; }
  int64_t label(int image) const { return batch->labels[static_cast<size_t>(range.first + image)]; }
  // The factor of a residual block's branch; 1 where `drops` is -1.
  float kept(int drops, int image) const {
    return drop_path.empty() || drops < 0
               ? 1
               : drop_path[static_cast<size_t>(drops) * range.count + image];
  }
};

// Where an image is worked on, or a band of its rows.
struct Place {
  int image = 0;  // of the pass
  int slot = 0;   // where its values lie
  int chunk = 0;  // whose sums it adds to
  Worker& worker;
  int next = -1;            // the image that the worker takes up behind it, or -1
  int band = 0, bands = 1;  // as many as the layer has
  // Whether what a phase reads and writes here, or of the whole image, lies in the cache.
  bool fits_cache = true, image_fits_cache = true;

  // Of a value of `floats` an image, those before the band.
  size_t before(size_t floats) const {
    assert(floats % bands == 0);
    return floats / bands * band;
  }
  RowsShape rows(const ConvStep& conv) const {
    assert(conv.pixels() % bands == 0);
    return {conv.pixels() / bands, conv.shape.out};
  }
  // Rows beside the band's of those asked for: there are none beyond the image.
  Margins margins(const Margins& wanted) const {
    return {band == 0 ? 0 : wanted.above, band + 1 == bands ? 0 : wanted.below};
  }
  // Where a buffer's values begin.
  float* value(StepState& state, BufferId id) const {
    return state.value(id, slot) + before(state.plan().buffers[id].floats);
  }
};

// Turns 8-bit images into what the network reads: (pixel/255 + shift - mean) / deviation.
class ImageInput {
 public:
  ImageInput(const std::array<float, 3>& mean, const std::array<float, 3>& deviation)
      : mean_(mean), deviation_(deviation) {}
  // Writes [pixels][3] of rows of an image of the pass, mixed where it mixes.
  void Write(const Pass& pass, int image, int first_row, int rows, float* x, float* side) const;

 private:
  void WriteOne(const Batch& batch, int image, size_t first, size_t count, float* x) const;
  std::array<float, 3> mean_;
  std::array<float, 3> deviation_;
};

}  // namespace dse::native
