#include "runner/data/images/jpeg.h"

#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>

#include "core/error.h"
#include "core/rng.h"
#include "runner/data/images/image_file.h"
#include "tests/runner/data/images/jpeg_writer.h"
#include "tests/support/temp_folder.h"

namespace dse::jpeg_test {
namespace {

Decoding Decode(const std::string& text) {
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
  const Decoding jpeg = Decode(EncodeRgb(Plain(20, 30, 200, 100, 50)));
  CHECK(jpeg.intact());
  CHECK(jpeg.image.height == 20);
  CHECK(jpeg.image.width == 30);
  CHECK(IsPlain(jpeg.image, {200, 100, 50}));
}

TEST_CASE("a grayscale JPEG has three equal channels") {
  const Decoding jpeg = Decode(EncodeGray(9, 17, 77));
  CHECK(jpeg.intact());
  CHECK(jpeg.image.pixels.size() == 9 * 17 * 3);
  CHECK(IsPlain(jpeg.image, {77, 77, 77}));
}

TEST_CASE("a CMYK JPEG becomes the light its inks leave") {
  // Red is (1 - cyan) (1 - black): 0.8 * 0.8 * 255 = 163, green 0.4 * 0.8 * 255 = 82, blue 204.
  const Decoding jpeg = Decode(EncodeCmyk(16, 16, 51, 153, 0, 51));
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
  const Decoding half = Decode(whole.substr(0, whole.size() - 40));
  CHECK(half.problem.empty());
  CHECK_FALSE(half.loss.empty());
  CHECK(half.image.pixels.size() == 32 * 48 * 3);
}

TEST_CASE("damaged bytes in a JPEG never crash the decoder", "[one-thread]") {
  const std::string whole = EncodeRgb(Gradient());
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    const Decoding jpeg = Decode(damaged);
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
  huge.replace(frame + 5, 4, std::string("\x00\x08\xff\xff", 4));
  CHECK_FALSE(Decode(huge).problem.empty());  // 65,535 is beyond what libjpeg reads
}

TEST_CASE("a long panorama is an image like any other") {
  const Decoding wide = Decode(EncodeRgb(Plain(300, 20'000, 200, 100, 50)));
  CHECK(wide.intact());
  CHECK(wide.image.width == 20'000);
  CHECK(IsPlain(wide.image, {200, 100, 50}));
  CHECK(Decode(EncodeGray(2, 65'500, 9)).image.width == 65'500);
}

TEST_CASE("the size of a JPEG file is read from its header") {
  const TempFolder folder;
  const std::string whole = EncodeRgb(Gradient());
  const Decoding size = ReadImageSize(folder.Write("a.jpg", whole));
  CHECK(size.intact());
  CHECK(size.image.height == 32);
  CHECK(size.image.width == 48);
  CHECK(size.image.pixels.empty());
  CHECK(DecodeImageFile(folder / "a.jpg").image.pixels == Decode(whole).image.pixels);
}

TEST_CASE("a file that cannot be read is a fault of the machine and no corrupt image") {
  const TempFolder folder;
  const std::string path = folder / "none.jpg";
  const auto fault = [&](const auto& read) {
    try {
      read();
    } catch (const Error& error) {
      CHECK_THAT(error.what(), Catch::Contains("none.jpg: cannot be read: No such file"));
      return error.fault();
    }
    return Fault::kTask;
  };
  ReadScratch scratch;
  const ChooseCut choose = [](int, int) { return Cut{}; };
  CHECK(fault([&] { ReadImageSize(path); }) == Fault::kMachine);
  CHECK(fault([&] { DecodeImageFile(path); }) == Fault::kMachine);
  CHECK(fault([&] { DecodeImageFileCut(path, choose, scratch); }) == Fault::kMachine);
  CHECK_THROWS_WITH(DecodeImageFile(folder.path()), Catch::Contains("it is no regular file"));
  // An empty file can be read; there is no image in it.
  CHECK(DecodeImageFile(folder.Write("empty.jpg", "")).problem == "Empty input file");
  CHECK(ReadImageSize(folder / "empty.jpg").problem == "Empty input file");
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
  CHECK(ReadImageSize(folder / "whole.jpg").intact());
  CHECK(ReadImageSize(folder / "padded.jpg").intact());
  CHECK(ReadImageSize(folder / "cut.jpg").loss == "the file is cut short");
}

TEST_CASE("what lies behind an image is no matter, however much it is") {
  const TempFolder folder;
  const std::string whole = EncodeRgb(Gradient());
  RandomStream random(1, 1);
  for (const size_t size : {size_t{20'000}, size_t{3'000'000}}) {
    std::string film(size, '\0');  // with no second end-of-image marker
    for (char& byte : film) byte = static_cast<char>(random.Below(0xd9));
    const std::string path = folder.Write("motion.jpg", whole + film);
    CHECK(ReadImageSize(path).intact());
    CHECK(DecodeImageFile(path).intact());
    CHECK(DecodeImageFile(path).image.pixels == Decode(whole).image.pixels);
    CHECK(ReadImageSize(folder.Write("cut.jpg", whole.substr(0, whole.size() - 40) + film)).loss ==
          "the file is cut short");
  }
}

TEST_CASE("padding before a marker is harmless, and data left over there are damage") {
  const std::string whole = EncodeAs({3, 1, 1, GENERATE(false, true)}, 32, 48, Gradient().pixels);
  const std::vector<uint8_t> pixels = Decode(whole).image.pixels;
  const auto before_end = [&](const std::string& bytes) {
    return Decode(whole.substr(0, whole.size() - 2) + bytes + "\xff\xd9");
  };
  for (const std::string& padding :
       {std::string(1, '\x7f'), std::string("\x12\x34\x56\x78"), std::string(600, '\0')}) {
    CHECK(before_end(padding).intact());
    CHECK(before_end(padding).image.pixels == pixels);
  }
  CHECK_THAT(before_end(std::string(40, '\x12')).loss, Catch::Contains("extraneous bytes"));
  std::string trailing(40, '\0');
  trailing += '\x12';
  CHECK_THAT(before_end(trailing).loss, Catch::Contains("extraneous bytes"));
  // Between segments of the header nothing is coded.
  const std::string header = whole.substr(0, 20) + std::string(40, '\x12') + whole.substr(20);
  CHECK(Decode(header).intact());
}

TEST_CASE("a progressive file with an overwritten sector is never intact", "[one-thread]") {
  RandomStream random(1, 6);
  Image noise{128, 128, std::vector<uint8_t>(128 * 128 * 3)};
  for (uint8_t& value : noise.pixels) value = static_cast<uint8_t>(random.Below(256));
  const std::string whole = EncodeAs({3, 2, 2, true}, 128, 128, noise.pixels);
  for (int i = 0; i < 60; ++i) {
    std::string damaged = whole;
    const size_t at = 1024 + random.Below(whole.size() - 1024 - 512);
    for (size_t k = at; k < at + 512; ++k) damaged[k] = static_cast<char>(random.Below(256));
    INFO("sector at byte " << at);
    CHECK_FALSE(Decode(damaged).intact());
  }
}

}  // namespace dse::jpeg_test
