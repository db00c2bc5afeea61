#include "runner/data/images/png.h"

#include <catch2/catch.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "core/rng.h"
#include "runner/data/images/image_file.h"
#include "tests/runner/data/images/jpeg_writer.h"
#include "tests/runner/data/images/png_writer.h"
#include "tests/support/temp_folder.h"

namespace dse::png_test {
namespace {

using Bytes = std::vector<uint8_t>;

Decoding Decode(const std::string& text) {
  return DecodeImage({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

// The pixels of a file that must be sound.
Bytes Pixels(const PngLayout& layout, int height, int width, const Bytes& rows) {
  const Decoding png = Decode(EncodePng(layout, height, width, rows));
  CHECK(png.reason() == "");
  CHECK(png.image.height == height);
  CHECK(png.image.width == width);
  return png.image.pixels;
}

Bytes Noise(size_t count) {
  RandomStream random(1, 1);
  Bytes bytes(count);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.Below(256));
  return bytes;
}

}  // namespace

// The values are those of Pillow's Image.open(...).convert("RGB"), but for gray of 16 bits, which
// Pillow cuts off at 255.
TEST_CASE("PNG files of every kind of colour become RGB") {
  CHECK(Pixels({2, 8}, 1, 2, {1, 2, 3, 4, 5, 6}) == Bytes{1, 2, 3, 4, 5, 6});
  CHECK(Pixels({6, 8}, 1, 2, {1, 2, 3, 0, 4, 5, 6, 128}) == Bytes{1, 2, 3, 4, 5, 6});
  CHECK(Pixels({0, 8}, 2, 1, {7, 200}) == Bytes{7, 7, 7, 200, 200, 200});
  CHECK(Pixels({4, 8}, 1, 2, {7, 0, 200, 255}) == Bytes{7, 7, 7, 200, 200, 200});
  CHECK(Pixels({2, 16}, 1, 1, {1, 255, 2, 255, 3, 0}) == Bytes{1, 2, 3});
  CHECK(Pixels({6, 16}, 1, 1, {1, 255, 2, 255, 3, 0, 9, 9}) == Bytes{1, 2, 3});
  CHECK(Pixels({0, 16}, 1, 2, {1, 255, 254, 0}) == Bytes{1, 1, 1, 254, 254, 254});
  CHECK(Pixels({0, 1}, 1, 3, {0b01000000}) == Bytes{0, 0, 0, 255, 255, 255, 0, 0, 0});
  CHECK(Pixels({0, 2}, 1, 2, {0b01100000}) == Bytes{85, 85, 85, 170, 170, 170});
  CHECK(Pixels({0, 4}, 1, 2, {0x3f}) == Bytes{51, 51, 51, 255, 255, 255});
  const Bytes colors{9, 8, 7, 60, 50, 40};
  CHECK(Pixels({3, 8, false, colors}, 1, 2, {1, 0}) == Bytes{60, 50, 40, 9, 8, 7});
  CHECK(Pixels({3, 1, false, colors}, 1, 2, {0b10000000}) == Bytes{60, 50, 40, 9, 8, 7});
  CHECK(Pixels({3, 8, false, colors, {0, 77}}, 1, 2, {1, 0}) == Bytes{60, 50, 40, 9, 8, 7});
}

TEST_CASE("an interlaced PNG has the pixels of the plain one") {
  for (const int side : {1, 5, 33}) {
    const auto count = static_cast<size_t>(side * side * 3);
    CHECK(Pixels({2, 8, true}, side, side, Noise(count)) == Noise(count));
  }
}

TEST_CASE("a PNG cut short or damaged anywhere is left out") {
  const std::string whole = EncodePng({2, 8}, 20, 30, Noise(20 * 30 * 3));
  REQUIRE(Decode(whole).intact());
  for (size_t size = 0; size < whole.size(); size += 7) {
    CHECK_FALSE(Decode(whole.substr(0, size)).intact());
  }
  // Every byte but those of a chunk that may be missing counts: this file has none.
  for (size_t at = 1; at < whole.size(); at += 3) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    INFO("byte " << at);
    CHECK_FALSE(Decode(damaged).intact());
  }
  CHECK(Decode(whole.substr(0, 200)).image.pixels.empty());
}

TEST_CASE("a PNG beyond the bounds is refused by its header") {
  const std::string wide = EncodePng({0, 1}, 1, 65'501, Bytes(8188));
  CHECK(Decode(wide).problem == "65501 x 1 pixels are too many");
  const std::string large = EncodePng({0, 1}, 10'001, 10'000, Bytes(1250 * 10'001));
  CHECK(Decode(large).problem == "10000 x 10001 pixels are too many");
  const TempFolder folder;
  CHECK(ReadImageSize(folder.Write("large.png", large)).problem ==
        "10000 x 10001 pixels are too many");
}

TEST_CASE("what a file holds decides how it is read, not its name") {
  const TempFolder folder;
  const Bytes noise = Noise(20 * 30 * 3);
  const std::string png = folder.Write("photograph.jpg", EncodePng({2, 8}, 20, 30, noise));
  const std::string jpeg = folder.Write("drawing.png", EncodeRgb(Plain(9, 8, 1, 2, 3)));
  CHECK(DecodeImageFile(png).image.pixels == noise);
  CHECK(DecodeImageFile(jpeg).image.height == 9);
  CHECK(ReadImageSize(png).intact());
  CHECK(ReadImageSize(png).image.width == 30);
  CHECK(ReadImageSize(jpeg).image.width == 8);
  const std::string text = folder.Write("text.png", "this is a text file");
  CHECK_THAT(DecodeImageFile(text).problem, Catch::Contains("Not a JPEG file"));
}

TEST_CASE("the header of a PNG file is read, and whether its end is there") {
  const TempFolder folder;
  const std::string whole = EncodePng({2, 8}, 20, 30, Noise(20 * 30 * 3));
  CHECK(ReadImageSize(folder.Write("behind.png", whole + std::string(50'000, 'x'))).intact());
  CHECK(DecodeImageFile(folder / "behind.png").intact());
  CHECK(ReadImageSize(folder.Write("cut.png", whole.substr(0, whole.size() - 1))).loss ==
        "the file is cut short");
  CHECK_FALSE(DecodeImageFile(folder / "cut.png").intact());
  CHECK_FALSE(ReadImageSize(folder.Write("head.png", whole.substr(0, 20))).intact());
}

TEST_CASE("a cut of a PNG file is made from the whole image") {
  const TempFolder folder;
  const Bytes noise = Noise(20 * 30 * 3);
  const std::string path = folder.Write("a.png", EncodePng({2, 8}, 20, 30, noise));
  ReadScratch scratch;
  const ChooseCut choose = [](int height, int width) {
    CHECK(height == 20);
    CHECK(width == 30);
    return Cut{{3, 4, 10, 12}, 5, 6, {0, 0, 5, 6}, true};
  };
  const CutDecoding cut = DecodeImageFileCut(path, choose, scratch);
  REQUIRE(cut.intact());
  CHECK(cut.source.image->pixels == noise);
  CHECK(cut.source.source.y == 3);
  const std::string damaged = EncodePng({2, 8}, 20, 30, noise).substr(0, 900);
  CHECK_FALSE(DecodeImageFileCut(folder.Write("b.png", damaged), choose, scratch).intact());
}

}  // namespace dse::png_test
