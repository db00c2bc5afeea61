#include "runner/data/images/resize.h"

#include <catch2/catch.hpp>

#include "core/rng.h"
#include "runner/data/images/blend.h"
#include "tests/runner/data/images/jpeg_writer.h"

namespace dse::resize_test {
namespace {

// A gray image from one number per pixel.
Image Gray(int height, int width, const std::vector<int>& values) {
  Image image{height, width, {}};
  for (int value : values) image.pixels.insert(image.pixels.end(), 3, static_cast<uint8_t>(value));
  return image;
}

std::vector<int> Resize(const Image& image, const RealBox& source, int height, int width,
                        const Box& window) {
  std::vector<uint8_t> out(static_cast<size_t>(window.height) * window.width * 3);
  ResizeBilinear(image, source, height, width, window, out.data());
  std::vector<int> red;
  for (size_t i = 0; i < out.size(); i += 3) red.push_back(out[i]);
  return red;
}

}  // namespace

TEST_CASE("an image of the wanted size is copied") {
  const Image image = Gray(2, 3, {1, 2, 3, 4, 5, 6});
  CHECK(Resize(image, {0, 0, 2, 3}, 2, 3, {0, 0, 2, 3}) == std::vector<int>{1, 2, 3, 4, 5, 6});
  CHECK(Resize(image, {0, 0, 2, 3}, 2, 3, {1, 1, 1, 2}) == std::vector<int>{5, 6});
}

TEST_CASE("growing interpolates between pixel centres") {
  // Output centres lie at 0.25, 0.75, 1.25, 1.75 of the input, whose centres are at 0.5 and 1.5.
  CHECK(Resize(Gray(1, 2, {0, 100}), {0, 0, 1, 2}, 1, 4, {0, 0, 1, 4}) ==
        std::vector<int>{0, 25, 75, 100});
}

TEST_CASE("shrinking weighs all pixels under the triangle") {
  // Scale 2: centres 1 and 3, weights (1 - |x - centre| / 2) = 0.75, 0.75, 0.25 at the left border:
  // sums over 1.75. (0.75*10 + 0.75*20 + 0.25*30)/1.75 = 17.14; (0.25*20 + 0.75*30 + 0.75*40)/1.75
  // = 32.86.
  CHECK(Resize(Gray(1, 4, {10, 20, 30, 40}), {0, 0, 1, 4}, 1, 2, {0, 0, 1, 2}) ==
        std::vector<int>{17, 33});
  CHECK(Resize(Gray(4, 1, {10, 20, 30, 40}), {0, 0, 4, 1}, 2, 1, {0, 0, 2, 1}) ==
        std::vector<int>{17, 33});
}

TEST_CASE("a plain image keeps its colour at every size") {
  const Image image = Plain(37, 53, 7, 130, 255);
  for (int side : {1, 5, 36, 37, 38, 224}) {
    std::vector<uint8_t> out(static_cast<size_t>(side) * side * 3);
    ResizeBilinear(image, {0, 0, 37, 53}, side, side, {0, 0, side, side}, out.data());
    for (size_t i = 0; i < out.size(); i += 3) {
      REQUIRE(out[i] == 7);
      REQUIRE(out[i + 1] == 130);
      REQUIRE(out[i + 2] == 255);
    }
  }
}

TEST_CASE("nothing outside the source box is read") {
  const Image image = Gray(3, 4, {255, 255, 255, 255, 255, 10, 10, 255, 255, 255, 255, 255});
  CHECK(Resize(image, {1, 1, 1, 2}, 2, 3, {0, 0, 2, 3}) == std::vector<int>(6, 10));
}

TEST_CASE("a source may begin within a pixel") {
  // Two pixels wide from 0.5 on, to two: centres 1 and 2 of the input, each between two pixels.
  CHECK(Resize(Gray(1, 4, {10, 20, 40, 80}), RealBox(0, 0.5, 1, 2), 1, 2, {0, 0, 1, 2}) ==
        std::vector<int>{15, 30});
}

TEST_CASE("only the footprint is read") {
  // Rows and columns outside of it may be missing: the part alone gives the same pixels.
  Image image{40, 60, {}};
  for (int i = 0; i < 40 * 60 * 3; ++i) image.pixels.push_back(static_cast<uint8_t>(i * 37 % 253));
  const RealBox source(2.5, 3.25, 35, 50.5);
  const Box window{6, 5, 7, 9};
  const Box foot = ResizeFootprint(source, 23, 21, window);
  CHECK(foot.height < 40);
  CHECK(foot.width < 60);
  Image part{foot.height, foot.width, {}};
  for (int y = foot.y; y < foot.y + foot.height; ++y) {
    const auto row = image.pixels.begin() + 3 * (60 * y + foot.x);
    part.pixels.insert(part.pixels.end(), row, row + 3 * foot.width);
  }
  const RealBox moved(source.y - foot.y, source.x - foot.x, source.height, source.width);
  CHECK(Resize(part, moved, 23, 21, window) == Resize(image, source, 23, 21, window));
}

TEST_CASE("a weighted sum is exact for any number of rows, columns and taps") {
  RandomStream random(3, 0);
  for (int rows = 1; rows <= 5; ++rows) {
    for (const size_t bytes : {1, 15, 16, 33, 99}) {
      std::vector<uint8_t> in(static_cast<size_t>(rows) * bytes), out(bytes);
      for (uint8_t& value : in) value = static_cast<uint8_t>(random.Below(256));
      std::vector<int> weights(static_cast<size_t>(rows), kWeightOne / rows);
      weights[0] += kWeightOne % rows;
      std::vector<WeightPair> pairs(static_cast<size_t>(rows + 1) / 2);
      for (size_t k = 0; k < weights.size(); ++k) {
        pairs[k / 2] |= static_cast<WeightPair>(weights[k]) << (16 * (k % 2));
      }
      BlendRows(in.data(), bytes, rows, pairs, bytes, out.data());
      for (size_t i = 0; i < bytes; ++i) {
        int sum = 0;
        for (size_t k = 0; k < weights.size(); ++k) sum += weights[k] * in[k * bytes + i];
        REQUIRE(out[i] == (sum + kWeightOne / 2) / kWeightOne);
      }
    }
  }
}

TEST_CASE("a window is a part of the whole result") {
  Image image{20, 30, {}};
  for (int i = 0; i < 20 * 30 * 3; ++i) image.pixels.push_back(static_cast<uint8_t>(i * 37));
  const std::vector<int> whole = Resize(image, {0, 0, 20, 30}, 13, 17, {0, 0, 13, 17});
  const std::vector<int> part = Resize(image, {0, 0, 20, 30}, 13, 17, {4, 5, 3, 6});
  for (size_t y = 0; y < 3; ++y) {
    for (size_t x = 0; x < 6; ++x) CHECK(part[y * 6 + x] == whole[(y + 4) * 17 + x + 5]);
  }
}

}  // namespace dse::resize_test
