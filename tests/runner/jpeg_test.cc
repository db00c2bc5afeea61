#include "runner/jpeg.h"

#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>

#include "tests/runner/jpeg_writer.h"
#include "tests/support/temp_folder.h"

namespace dse {
namespace {

JpegResult Decode(const std::string& text) {
  return DecodeJpeg({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

// Whether every pixel is this colour, give or take the coding loss.
bool IsPlain(const Image& image, std::array<int, 3> color) {
  for (size_t i = 0; i < image.pixels.size(); ++i) {
    if (std::abs(image.pixels[i] - color[i % 3]) > 2) return false;
  }
  return !image.pixels.empty();
}

// A gradient: every block of it has something to lose.
Image Gradient() {
  Image image{32, 48, {}};
  for (int y = 0; y < 32; ++y) {
    for (int x = 0; x < 48; ++x) {
      for (int value : {5 * x, 7 * y, 3 * x + 2 * y}) {
        image.pixels.push_back(static_cast<uint8_t>(value));
      }
    }
  }
  return image;
}

}  // namespace

TEST_CASE("a JPEG decodes to its size and colours") {
  const JpegResult jpeg = Decode(EncodeRgb(Plain(20, 30, 200, 100, 50)));
  CHECK(jpeg.intact());
  CHECK(jpeg.image.height == 20);
  CHECK(jpeg.image.width == 30);
  CHECK(IsPlain(jpeg.image, {200, 100, 50}));
}

TEST_CASE("a grayscale JPEG has three equal channels") {
  const JpegResult jpeg = Decode(EncodeGray(9, 17, 77));
  CHECK(jpeg.intact());
  CHECK(jpeg.image.pixels.size() == 9 * 17 * 3);
  CHECK(IsPlain(jpeg.image, {77, 77, 77}));
}

TEST_CASE("a CMYK JPEG becomes the light its inks leave") {
  // Red is (1 - cyan) (1 - black): 0.8 * 0.8 * 255 = 163, green 0.4 * 0.8 * 255 = 82, blue 204.
  const JpegResult jpeg = Decode(EncodeCmyk(16, 16, 51, 153, 0, 51));
  CHECK(jpeg.intact());
  CHECK(IsPlain(jpeg.image, {163, 82, 204}));
}

TEST_CASE("a file that is no JPEG is a problem, not an image") {
  CHECK_FALSE(Decode("this is a text file").problem.empty());
  CHECK_FALSE(Decode("").problem.empty());
  CHECK(Decode("this is a text file").image.pixels.empty());
}

TEST_CASE("a JPEG cut short anywhere is never intact") {
  const std::string whole = EncodeRgb(Gradient());
  REQUIRE(Decode(whole).intact());
  for (size_t size = 0; size + 2 < whole.size(); size += 7) {
    CHECK_FALSE(Decode(whole.substr(0, size)).intact());
  }
  const JpegResult half = Decode(whole.substr(0, whole.size() - 40));
  CHECK(half.problem.empty());
  CHECK_FALSE(half.loss.empty());
  CHECK(half.image.pixels.size() == 32 * 48 * 3);
}

TEST_CASE("damaged bytes in a JPEG never crash the decoder", "[one-thread]") {
  const std::string whole = EncodeRgb(Gradient());
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    const JpegResult jpeg = Decode(damaged);
    const size_t pixels = static_cast<size_t>(jpeg.image.height) * jpeg.image.width;
    CHECK(jpeg.image.pixels.size() == (jpeg.problem.empty() ? pixels * 3 : 0));
  }
}

TEST_CASE("an image with too many pixels is refused by its header") {
  std::string huge = EncodeRgb(Plain(8, 8, 1, 2, 3));
  const size_t frame = huge.find("\xff\xc0");  // marker, length, precision, height, width
  REQUIRE(frame != std::string::npos);
  huge.replace(frame + 5, 4, "\x3f\xff\x3f\xff");
  CHECK(Decode(huge).problem == "16383 x 16383 pixels are too many");
  huge.replace(frame + 5, 4, std::string("\x00\x08\x40\x01", 4));
  CHECK(Decode(huge).problem == "16385 x 8 pixels are too many");
}

TEST_CASE("the size of a JPEG file is read from its header") {
  const TempFolder folder;
  const std::string whole = EncodeRgb(Gradient());
  const JpegResult size = ReadJpegSize(folder.Write("a.jpg", whole));
  CHECK(size.intact());
  CHECK(size.image.height == 32);
  CHECK(size.image.width == 48);
  CHECK(size.image.pixels.empty());
  CHECK(DecodeJpegFile(folder / "a.jpg").image.pixels == Decode(whole).image.pixels);
  CHECK(DecodeJpegFile(folder / "none.jpg").problem == "cannot be read");
}

TEST_CASE("the end of a thumbnail is not the end of its image") {
  const TempFolder folder;
  const std::string whole = EncodeRgb(Gradient());
  // APP1 with a whole little JPEG in it, behind the image's first marker.
  const std::string thumbnail = EncodeGray(8, 8, 1);
  const size_t length = thumbnail.size() + 2;
  const std::string segment =
      std::string("\xff\xe1") + char(length >> 8) + char(length & 255) + thumbnail;
  const std::string with = whole.substr(0, 2) + segment + whole.substr(2);
  folder.Write("whole.jpg", with);
  folder.Write("padded.jpg", with + std::string(100, '\0'));
  folder.Write("cut.jpg", with.substr(0, with.size() - 20));
  CHECK(ReadJpegSize(folder / "whole.jpg").intact());
  CHECK(ReadJpegSize(folder / "padded.jpg").intact());
  CHECK(ReadJpegSize(folder / "cut.jpg").loss == "the file is cut short");
}

}  // namespace dse
