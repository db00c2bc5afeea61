// Fuzz target for JPEG: any bytes decode, in part or as a whole, or are refused; a part that is
// intact has the pixels of the whole, and is intact if and only if the whole is. The first bytes
// choose the part.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "runner/data/images/jpeg.h"
#include "runner/data/images/resize.h"
#include "tests/fuzz/fuzz_target.h"

namespace dse {
namespace {

constexpr size_t kChoice = 6;
constexpr int kMaxSide = 512;  // larger images only cost time

// A box of an image from three bytes.
Box ChooseBox(const uint8_t* choice, int height, int width) {
  Box box;
  box.height = 1 + choice[0] % height;
  box.width = 1 + choice[1] % width;
  box.y = choice[2] % (height - box.height + 1);
  box.x = choice[2] % (width - box.width + 1);
  return box;
}

std::vector<uint8_t> Made(const CutSource& from) {
  const Box& window = from.cut.window;
  std::vector<uint8_t> pixels(static_cast<size_t>(window.height) *
                              static_cast<size_t>(window.width) * 3);
  MakeCut(from, pixels.data());
  return pixels;
}

void CheckJpeg(const uint8_t* choice, std::span<const uint8_t> bytes) {
  Cut cut;
  bool small = true;
  const auto choose = [&](int height, int width) {
    small = height <= kMaxSide && width <= kMaxSide;
    cut.source = ChooseBox(choice, height, width);
    cut.height = 1 + choice[3] % 64;
    cut.width = 1 + choice[4] % 64;
    cut.window = ChooseBox(choice + 2, cut.height, cut.width);
    cut.may_reduce = choice[5] % 2 == 1;
    return cut;
  };
  ReadScratch scratch;
  const CutDecoding part = DecodeJpegCut(bytes, choose, scratch);
  if (small && part.intact() != DecodeJpeg(bytes).intact()) std::abort();
  if (!part.problem.empty()) return;
  const std::vector<uint8_t> made = Made(part.source);
  if (!small || cut.may_reduce) return;
  const Decoding whole = DecodeJpeg(bytes);
  if (whole.intact() && made != Made({&whole.image, cut.source, cut})) std::abort();
}

}  // namespace
}  // namespace dse

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size >= dse::kChoice) {
    dse::CheckJpeg(data, std::span(data, size).subspan(dse::kChoice));
  }
  return 0;
}
