#pragma once

#include <string>

#include "runner/data/images/image.h"

namespace dse {

// A baseline JPEG file of an image: 4:2:0, Huffman tables of its own, quality 1 to 100 on libjpeg's
// scale. The same image gives the same bytes with the same library. Throws Error if the library
// fails. Any thread may call it.
std::string EncodeJpeg(const Image& image, int quality);

}  // namespace dse
