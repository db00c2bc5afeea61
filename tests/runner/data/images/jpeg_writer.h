#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runner/data/dataset.h"

namespace dse {

// JPEG files for tests, encoded by libjpeg at quality 95 without chroma subsampling.
std::string EncodeRgb(const Image& image);
std::string EncodeGray(int height, int width, int value);
// Adobe CMYK: the ink shares of one colour, 0..255; stored inverted, as Adobe does.
std::string EncodeCmyk(int height, int width, int cyan, int magenta, int yellow, int black);

// How a file is coded: the samples of luminance for each of colour, across and down.
struct JpegLayout {
  int channels = 3;  // 1 grayscale, 3 colour, 4 CMYK
  int across = 1;
  int down = 1;
  bool progressive = false;
};
std::string EncodeAs(const JpegLayout& layout, int height, int width,
                     const std::vector<uint8_t>& samples);

// The whole of a file without CMYK, scaled by scale / 8, by libjpeg alone.
Image DecodeScaled(const std::string& text, int scale);

// An image of one colour.
Image Plain(int height, int width, int red, int green, int blue);

}  // namespace dse
