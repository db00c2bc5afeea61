#pragma once

#include <cstdint>
#include <cstdio>
#include <span>

#include "runner/data/images/decoding.h"

namespace dse {

// Decodes a JPEG file to RGB; grayscale is spread over the three channels, CMYK and YCCK are
// converted as Adobe writes them. Whatever the decoder had to make up is a loss: data cut short or
// damaged, and data left over between a scan and the next marker, which damage shifts there, unless
// they are zeros or no more than a word. Any thread may call it.
Decoding DecodeJpeg(std::span<const uint8_t> bytes);

// The size from the header, without decoding. Leaves the file where its header ends.
Decoding ReadJpegSize(std::FILE* file);

// Decodes the rows and columns that a cut needs, the same pixels as of the whole image. Where the
// cut may be reduced, at the smallest of 1/8, 1/4, 1/2 and 1 at which its source is as large as the
// cut: then the source's coordinates are those of the image scaled so. All data are gone through,
// so that problem and loss are those of the whole image, whatever the cut. Any thread may call it,
// with a scratch of its own.
CutDecoding DecodeJpegCut(std::span<const uint8_t> bytes, const ChooseCut& choose,
                          ReadScratch& scratch);

}  // namespace dse
