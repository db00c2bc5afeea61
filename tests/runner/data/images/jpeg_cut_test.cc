#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <string>
#include <vector>

#include "core/rng.h"
#include "runner/data/images/jpeg.h"
#include "runner/data/images/resize.h"
#include "tests/runner/data/images/jpeg_writer.h"

namespace dse::jpeg_cut_test {
namespace {

constexpr int kHeight = 183, kWidth = 211;
constexpr int kCuts = 60;

std::span<const uint8_t> Bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// Noise, so that a pixel taken from a wrong place or mixed from wrong neighbours shows.
std::vector<uint8_t> Noise(int channels, RandomStream& random) {
  std::vector<uint8_t> samples(static_cast<size_t>(kHeight * kWidth * channels));
  for (uint8_t& sample : samples) sample = static_cast<uint8_t>(random.Below(256));
  return samples;
}

int Draw(RandomStream& random, int low, int high) {
  return low + static_cast<int>(random.Below(static_cast<uint64_t>(high - low + 1)));
}

// Some box of the image, often touching its borders.
Box DrawBox(RandomStream& random, int height, int width) {
  Box box;
  box.height = Draw(random, 1, height);
  box.width = Draw(random, 1, width);
  box.y = random.Coin() ? Draw(random, 0, height - box.height) : 0;
  box.x = random.Coin() ? Draw(random, 0, width - box.width) : width - box.width;
  return box;
}

Cut DrawCut(RandomStream& random, int height, int width) {
  Cut cut;
  cut.source = DrawBox(random, height, width);
  cut.height = Draw(random, 1, 64);
  cut.width = Draw(random, 1, 64);
  cut.window = DrawBox(random, cut.height, cut.width);
  return cut;
}

std::vector<uint8_t> Made(const CutSource& from) {
  const Box& window = from.cut.window;
  std::vector<uint8_t> pixels(static_cast<size_t>(window.height * window.width * 3));
  MakeCut(from, pixels.data());
  return pixels;
}

struct Layout {
  const char* name;
  JpegLayout layout;
};

constexpr Layout kLayouts[] = {{"4:4:4", {3, 1, 1}},
                               {"4:2:2", {3, 2, 1}},
                               {"4:2:0", {3, 2, 2}},
                               {"4:4:0", {3, 1, 2}},
                               {"4:1:1", {3, 4, 1}},
                               {"4:1:0", {3, 4, 2}},
                               {"gray", {1}},
                               {"CMYK", {4}},
                               {"progressive 4:2:0", {3, 2, 2, true}},
                               {"progressive", {3, 1, 1, true}},
                               {"progressive gray", {1, 1, 1, true}}};

}  // namespace

TEST_CASE("a cut decoded in part is the cut of the whole image", "[one-thread]") {
  RandomStream random(1, 2);
  for (const auto& [name, layout] : kLayouts) {
    const std::string text = EncodeAs(layout, kHeight, kWidth, Noise(layout.channels, random));
    const Decoding whole = DecodeJpeg(Bytes(text));
    REQUIRE(whole.intact());
    ReadScratch scratch;
    int64_t decoded = 0;
    for (int i = 0; i < kCuts; ++i) {
      INFO(name << ", cut " << i);
      const Cut cut = DrawCut(random, kHeight, kWidth);
      const auto choose = [&](int height, int width) {
        CHECK(height == kHeight);
        CHECK(width == kWidth);
        return cut;
      };
      const CutDecoding part = DecodeJpegCut(Bytes(text), choose, scratch);
      REQUIRE(part.intact());
      decoded += int64_t{scratch.image.height} * scratch.image.width;
      const bool same = Made(part.source) == Made(WholeCutSource(whole.image, choose));
      CHECK(same);
    }
    // Less than the whole is decoded, where that is possible.
    const bool whole_only = layout.across == 4;
    CHECK((decoded < kCuts * int64_t{kHeight} * kWidth * 3 / 4) != whole_only);
  }
}

TEST_CASE("a cut that may be reduced is made from the smallest scale that has all its pixels",
          "[one-thread]") {
  RandomStream random(1, 3);
  for (const auto& [name, layout] : kLayouts) {
    if (layout.channels == 4 || layout.across == 4) continue;
    const std::string text = EncodeAs(layout, kHeight, kWidth, Noise(layout.channels, random));
    ReadScratch scratch;
    int seen[9] = {};
    for (int i = 0; i < kCuts; ++i) {
      Cut cut = DrawCut(random, kHeight, kWidth);
      cut.may_reduce = true;
      INFO(name << ", cut " << i);
      int scale = 8;
      while (scale > 1 && cut.source.height * scale / 2 >= cut.height * 8 &&
             cut.source.width * scale / 2 >= cut.width * 8) {
        scale /= 2;
      }
      ++seen[scale];
      const Image whole = DecodeScaled(text, scale);
      const double factor = scale / 8.0;
      const RealBox source(cut.source.y * factor, cut.source.x * factor, cut.source.height * factor,
                           cut.source.width * factor);
      const CutDecoding part = DecodeJpegCut(
          Bytes(text), [&](int, int) { return cut; }, scratch);
      REQUIRE(part.intact());
      const bool same = Made(part.source) == Made({&whole, source, cut});
      CHECK(same);
    }
    CHECK(seen[8] > 0);
    CHECK(seen[4] > 0);
    CHECK(seen[2] + seen[1] > 0);
  }
}

TEST_CASE("whether an image is intact does not depend on the cut", "[one-thread]") {
  RandomStream random(1, 4);
  int intact = 0, damaged_files = 0;
  for (const auto& [name, layout] : kLayouts) {
    const std::string text = EncodeAs(layout, kHeight, kWidth, Noise(layout.channels, random));
    ReadScratch scratch;
    for (int i = 0; i < 40; ++i) {
      std::string damaged = text;
      const size_t at = 600 + random.Below(text.size() - 600);
      if (i % 4 == 0) {
        damaged.resize(at);
      } else {
        for (size_t k = at; k < std::min(text.size(), at + static_cast<size_t>(i * i)); ++k) {
          damaged[k] = static_cast<char>(random.Below(256));
        }
      }
      const Decoding whole = DecodeJpeg(Bytes(damaged));
      for (const bool may_reduce : {false, true}) {
        const auto choose = [&](int height, int width) {
          Cut cut = DrawCut(random, height, width);
          cut.may_reduce = may_reduce;
          return cut;
        };
        const CutDecoding part = DecodeJpegCut(Bytes(damaged), choose, scratch);
        INFO(name << ", damage at byte " << at << ": " << whole.reason() << " / " << part.reason());
        CHECK(part.intact() == whole.intact());
        CHECK(part.reason() == whole.reason());
      }
      intact += whole.intact();
      ++damaged_files;
    }
  }
  CHECK(intact < damaged_files / 2);
}

TEST_CASE("a cut of what is no image tells so") {
  ReadScratch scratch;
  const ChooseCut choose = [](int, int) { return Cut{{0, 0, 1, 1}, 1, 1, {0, 0, 1, 1}, false}; };
  CHECK(DecodeJpegCut(Bytes("\x89PNG"), choose, scratch).problem ==
        "Not a JPEG file: starts with 0x89 0x50");
  CHECK_FALSE(DecodeJpegCut({}, choose, scratch).intact());
}

TEST_CASE("damaged bytes never crash the decoding of a cut", "[one-thread]") {
  RandomStream random(1, 5);
  for (const auto& [name, layout] : kLayouts) {
    const std::string text = EncodeAs(layout, kHeight, kWidth, Noise(layout.channels, random));
    ReadScratch scratch;
    for (int i = 0; i < 40; ++i) {
      std::string damaged = text;
      for (int k = 0; k < 3; ++k) {
        damaged[random.Below(i % 2 == 0 ? 700 : damaged.size())] =
            static_cast<char>(random.Below(256));
      }
      Cut cut;
      const auto choose = [&](int height, int width) {
        cut = DrawCut(random, height, width);
        cut.may_reduce = i % 3 == 0;
        return cut;
      };
      const CutDecoding part = DecodeJpegCut(Bytes(damaged), choose, scratch);
      if (part.problem.empty()) CHECK(Made(part.source).size() > 0);
    }
  }
}

}  // namespace dse::jpeg_cut_test
