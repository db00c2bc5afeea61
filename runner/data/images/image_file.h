#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "runner/data/images/decoding.h"

namespace dse {

// Images in files: JPEG or PNG by what they begin with, whatever they are called. Content that does
// not decode is an outcome. A file that cannot be read at all (it is gone, not permitted, on a bad
// disk) says nothing about the image: that throws Error of this machine which names it. Any thread
// may call these.

// Decodes a file's bytes.
Decoding DecodeImage(std::span<const uint8_t> bytes);

// The size from the header, without decoding: only the header is read, and the file backwards from
// its end until the end of the image is found, which for most is in the last bytes. A file without
// one has a loss.
Decoding ReadImageSize(const std::string& path);

// Reads and decodes a file.
Decoding DecodeImageFile(const std::string& path);

// Reads a file and decodes of it what the cut needs (see DecodeJpegCut); PNG as a whole.
CutDecoding DecodeImageFileCut(const std::string& path, const ChooseCut& choose,
                               ReadScratch& scratch);

}  // namespace dse
