#pragma once

#include <string>

#include "runner/dataset.h"

namespace dse {

// JPEG files for tests, encoded by libjpeg at quality 95 without chroma subsampling.
std::string EncodeRgb(const Image& image);
std::string EncodeGray(int height, int width, int value);
// Adobe CMYK: the ink shares of one colour, 0..255; stored inverted, as Adobe does.
std::string EncodeCmyk(int height, int width, int cyan, int magenta, int yellow, int black);

// An image of one colour.
Image Plain(int height, int width, int red, int green, int blue);

}  // namespace dse
