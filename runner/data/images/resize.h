#pragma once

#include <cstdint>

#include "runner/data/images/image.h"

namespace dse {

// Scales `source` of an image to height x width and writes the part `window` of that to `out`
// (window.height * window.width * 3 bytes). Bilinear with a triangle filter as wide as the scale
// where it shrinks (antialiased, as Pillow's BILINEAR); nothing outside `source` is read. Integer
// arithmetic, so the same bytes on every machine. Source must lie inside the image, but for what is
// outside the footprint below, and `window` inside height x width.
void ResizeBilinear(const Image& image, const RealBox& source, int height, int width,
                    const Box& window, uint8_t* out);

// The pixels that are read for it.
Box ResizeFootprint(const RealBox& source, int height, int width, const Box& window);

// Makes the cut.
void MakeCut(const CutSource& from, uint8_t* out);

}  // namespace dse
