#include "tests/runner/jpeg_writer.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

// jpeglib.h needs size_t and FILE first.
#include <jpeglib.h>

namespace dse {
namespace {

std::string Encode(int height, int width, int channels, J_COLOR_SPACE space,
                   const std::vector<uint8_t>& pixels) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &bytes, &size);
  info.image_height = static_cast<JDIMENSION>(height);
  info.image_width = static_cast<JDIMENSION>(width);
  info.input_components = channels;
  info.in_color_space = space;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 95, TRUE);
  info.comp_info[0].h_samp_factor = info.comp_info[0].v_samp_factor = 1;
  info.write_Adobe_marker = space == JCS_CMYK ? TRUE : FALSE;
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    const size_t at = static_cast<size_t>(info.next_scanline) * width * channels;
    JSAMPROW row = const_cast<uint8_t*>(pixels.data()) + at;
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::string text(reinterpret_cast<char*>(bytes), size);
  std::free(bytes);
  return text;
}

}  // namespace

std::string EncodeRgb(const Image& image) {
  return Encode(image.height, image.width, 3, JCS_RGB, image.pixels);
}

std::string EncodeGray(int height, int width, int value) {
  const size_t count = static_cast<size_t>(height) * width;
  return Encode(height, width, 1, JCS_GRAYSCALE,
                std::vector<uint8_t>(count, static_cast<uint8_t>(value)));
}

std::string EncodeCmyk(int height, int width, int cyan, int magenta, int yellow, int black) {
  std::vector<uint8_t> pixels;
  for (int i = 0; i < height * width; ++i) {
    for (int ink : {cyan, magenta, yellow, black})
      pixels.push_back(static_cast<uint8_t>(255 - ink));
  }
  return Encode(height, width, 4, JCS_CMYK, pixels);
}

Image Plain(int height, int width, int red, int green, int blue) {
  Image image{height, width, {}};
  for (int i = 0; i < height * width; ++i) {
    for (int value : {red, green, blue}) image.pixels.push_back(static_cast<uint8_t>(value));
  }
  return image;
}

}  // namespace dse
