#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "runner/dataset.h"

namespace dse {

// Images beyond these bounds are refused before any memory is taken for them.
inline constexpr int kMaxImageSide = 16384;
inline constexpr int64_t kMaxImagePixels = 100'000'000;

// What became of a JPEG file. Damaged input is an outcome, not an exception.
struct JpegResult {
  Image image;          // RGB; a header alone leaves `pixels` empty
  std::string problem;  // why nothing was decoded, "" if the image is there
  std::string
      loss;  // what the decoder had to make up (a file cut short, damaged data), "" if nothing
  bool intact() const { return problem.empty() && loss.empty(); }
};

// Decodes to RGB; grayscale is spread over the three channels, CMYK and YCCK are converted as Adobe
// writes them. Any thread may call it.
JpegResult DecodeJpeg(std::span<const uint8_t> bytes);

// The size from the header, without decoding: only the header and the file's last bytes are read. A
// file without an end of the image there has a loss.
JpegResult ReadJpegSize(const std::string& path);

// Reads and decodes a file.
JpegResult DecodeJpegFile(const std::string& path);

// What a cut is to be made from.
struct JpegCut {
  CutSource source;  // its image is the scratch's
  std::string problem;
  std::string loss;  // as above, of the part that was decoded
  bool intact() const { return problem.empty() && loss.empty(); }
};

// Decodes the rows and columns that a cut needs, the same pixels as of the whole image. Where the
// cut may be reduced, at the smallest of 1/8, 1/4, 1/2 and 1 at which its source is as large as the
// cut: then the source's coordinates are those of the image scaled so. Any thread may call it, with
// a scratch of its own.
JpegCut DecodeJpegCut(std::span<const uint8_t> bytes, const ChooseCut& choose,
                      ReadScratch& scratch);

// Reads a file and decodes of it what the cut needs.
JpegCut DecodeJpegFileCut(const std::string& path, const ChooseCut& choose, ReadScratch& scratch);

}  // namespace dse
