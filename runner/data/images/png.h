#pragma once

#include <cstdint>
#include <cstdio>
#include <span>

#include "runner/data/images/decoding.h"

namespace dse {

// The byte every PNG file begins with, and no JPEG file.
inline constexpr uint8_t kPngFirstByte = 0x89;

// Decodes a PNG file to 8-bit RGB as Pillow's convert("RGB") does: palettes are looked up, gray is
// spread over the three channels, of 16 bits the upper 8 are kept, transparency is dropped and
// gamma is left alone. Damaged data, and a file without its end, are problems. Any thread may call
// it.
Decoding DecodePng(std::span<const uint8_t> bytes);

// The size from the header, without decoding. Leaves the file where its image data begin.
Decoding ReadPngSize(std::FILE* file);

}  // namespace dse
