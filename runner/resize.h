#pragma once

#include <cstdint>
#include <vector>

#include "runner/dataset.h"

namespace dse {

// A rectangle of whole pixels.
struct Box {
  int y = 0, x = 0;
  int height = 0, width = 0;
  friend bool operator==(const Box&, const Box&) = default;
};

// Scales `source` of an image to height x width and writes the part `window` of that to `out`
// (window.height * window.width * 3 bytes). Bilinear with a triangle filter as wide as the scale
// where it shrinks (antialiased, as Pillow's BILINEAR); nothing outside `source` is read. Integer
// arithmetic, so the same bytes on every machine. Both boxes must lie inside what they cut.
void ResizeBilinear(const Image& image, const Box& source, int height, int width, const Box& window,
                    uint8_t* out);

}  // namespace dse
