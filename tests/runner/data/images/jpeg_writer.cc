#include "tests/runner/data/images/jpeg_writer.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

// jpeglib.h needs size_t and FILE first.
#include <jpeglib.h>

namespace dse {
namespace {

J_COLOR_SPACE ColorSpace(int channels) {
  if (channels == 1) return JCS_GRAYSCALE;
  return channels == 3 ? JCS_RGB : JCS_CMYK;
}

}  // namespace

std::string EncodeAs(const JpegLayout& layout, int height, int width,
                     const std::vector<uint8_t>& samples) {
  const J_COLOR_SPACE space = ColorSpace(layout.channels);
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &bytes, &size);
  info.image_height = static_cast<JDIMENSION>(height);
  info.image_width = static_cast<JDIMENSION>(width);
  info.input_components = layout.channels;
  info.in_color_space = space;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 95, TRUE);
  info.comp_info[0].h_samp_factor = layout.across;
  info.comp_info[0].v_samp_factor = layout.down;
  if (layout.progressive) jpeg_simple_progression(&info);
  info.write_Adobe_marker = space == JCS_CMYK ? TRUE : FALSE;
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    const size_t at = static_cast<size_t>(info.next_scanline) * width * layout.channels;
    JSAMPROW row = const_cast<uint8_t*>(samples.data()) + at;
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::string text(reinterpret_cast<char*>(bytes), size);
  std::free(bytes);
  return text;
}

Image DecodeScaled(const std::string& text, int scale) {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, reinterpret_cast<const uint8_t*>(text.data()), text.size());
  jpeg_read_header(&info, TRUE);
  info.scale_num = static_cast<unsigned>(scale);
  info.scale_denom = 8;
  info.out_color_space = JCS_RGB;
  jpeg_start_decompress(&info);
  Image image{static_cast<int>(info.output_height), static_cast<int>(info.output_width), {}};
  const size_t pitch = static_cast<size_t>(info.output_width) * 3;
  image.pixels.resize(info.output_height * pitch);
  while (info.output_scanline < info.output_height) {
    JSAMPROW row = image.pixels.data() + info.output_scanline * pitch;
    jpeg_read_scanlines(&info, &row, 1);
  }
  jpeg_finish_decompress(&info);
  jpeg_destroy_decompress(&info);
  return image;
}

std::string EncodeRgb(const Image& image) {
  return EncodeAs({}, image.height, image.width, image.pixels);
}

std::string EncodeGray(int height, int width, int value) {
  const size_t count = static_cast<size_t>(height) * width;
  return EncodeAs({1}, height, width, std::vector<uint8_t>(count, static_cast<uint8_t>(value)));
}

std::string EncodeCmyk(int height, int width, int cyan, int magenta, int yellow, int black) {
  std::vector<uint8_t> pixels;
  for (int i = 0; i < height * width; ++i) {
    for (int ink : {cyan, magenta, yellow, black})
      pixels.push_back(static_cast<uint8_t>(255 - ink));
  }
  return EncodeAs({4}, height, width, pixels);
}

Image Plain(int height, int width, int red, int green, int blue) {
  Image image{height, width, {}};
  for (int i = 0; i < height * width; ++i) {
    for (int value : {red, green, blue}) image.pixels.push_back(static_cast<uint8_t>(value));
  }
  return image;
}

}  // namespace dse
