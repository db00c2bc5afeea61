#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dse {

// How a PNG file is coded: its colour type and bits, as libpng names them.
struct PngLayout {
  int color_type = 2;  // 0 gray, 2 RGB, 3 palette, 4 gray and alpha, 6 RGB and alpha
  int bits = 8;        // of a sample; 16 are written with the upper byte first
  bool interlaced = false;
  std::vector<uint8_t> palette{};       // RGB after RGB
  std::vector<uint8_t> transparency{};  // alpha of the palette's first colours
};

// A PNG file for tests, written by libpng. `rows` are packed as the layout says, one row after
// another, each beginning at a byte.
std::string EncodePng(const PngLayout& layout, int height, int width,
                      const std::vector<uint8_t>& rows);

}  // namespace dse
