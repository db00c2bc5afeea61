#pragma once

#include <cstdint>
#include <string>

#include "runner/data/images/image.h"

namespace dse {

// Images beyond these bounds are refused before any memory is taken for them. A side is what JPEG
// holds at most (65,500, libjpeg's bound) and fits into the 16 bits of a pack's record.
inline constexpr int kMaxImageSide = 65'500;
inline constexpr int64_t kMaxImagePixels = 100'000'000;

// What became of an image file. Damaged input is an outcome, not an exception.
struct Decoding {
  Image image;          // RGB; a header alone leaves `pixels` empty
  std::string problem;  // why nothing was decoded, "" if the image is there
  std::string
      loss;  // what the decoder had to make up (a file cut short, damaged data), "" if nothing
  bool intact() const { return problem.empty() && loss.empty(); }
  const std::string& reason() const { return problem.empty() ? loss : problem; }

  // Takes the size over from a header; false, with a problem, beyond the bounds.
  bool SetSize(int64_t height, int64_t width) {
    if (height > kMaxImageSide || width > kMaxImageSide || height * width > kMaxImagePixels) {
      problem = std::to_string(width) + " x " + std::to_string(height) + " pixels are too many";
      return false;
    }
    image.height = static_cast<int>(height);
    image.width = static_cast<int>(width);
    return true;
  }
};

// What a cut is to be made from. Whether it is intact depends on the file alone, not on the cut.
struct CutDecoding {
  CutSource source;  // its image is the scratch's
  std::string problem;
  std::string loss;
  bool intact() const { return problem.empty() && loss.empty(); }
  const std::string& reason() const { return problem.empty() ? loss : problem; }
};

}  // namespace dse
