// Fuzz target for PNG: any bytes decode to an image of the size they give, or are refused.

#include <cstdint>
#include <cstdlib>
#include <span>

#include "runner/data/images/png.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr uint8_t kLargeSide = 8;  // larger images only cost time
  constexpr size_t kWidth = 16, kHeight = 20;
  if (size > kHeight + 4) {
    for (const size_t at : {kWidth, kHeight}) {
      if (data[at] != 0 || data[at + 1] != 0 || data[at + 2] >= kLargeSide) return 0;
    }
  }
  const dse::Decoding png = dse::DecodePng(std::span(data, size));
  const auto pixels =
      static_cast<size_t>(png.image.height) * static_cast<size_t>(png.image.width) * 3;
  if (png.image.pixels.size() != (png.intact() ? pixels : 0)) std::abort();
  if (png.intact() && pixels == 0) std::abort();
  return 0;
}
