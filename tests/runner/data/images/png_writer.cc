#include "tests/runner/data/images/png_writer.h"

#include <png.h>

#include <stdexcept>

namespace dse {

std::string EncodePng(const PngLayout& layout, int height, int width,
                      const std::vector<uint8_t>& rows) {
  png_structp png = png_create_write_struct(
      PNG_LIBPNG_VER_STRING, nullptr,
      [](png_structp, png_const_charp text) { throw std::runtime_error(text); }, nullptr);
  png_infop info = png_create_info_struct(png);
  std::string text;
  png_set_write_fn(
      png, &text,
      [](png_structp to, png_bytep bytes, size_t count) {
        static_cast<std::string*>(png_get_io_ptr(to))
            ->append(reinterpret_cast<const char*>(bytes), count);
      },
      nullptr);
  png_set_IHDR(png, info, static_cast<png_uint_32>(width), static_cast<png_uint_32>(height),
               layout.bits, layout.color_type,
               layout.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (!layout.palette.empty()) {
    png_set_PLTE(png, info, reinterpret_cast<png_const_colorp>(layout.palette.data()),
                 static_cast<int>(layout.palette.size() / 3));
  }
  if (!layout.transparency.empty()) {
    png_set_tRNS(png, info, layout.transparency.data(),
                 static_cast<int>(layout.transparency.size()), nullptr);
  }
  png_write_info(png, info);
  const size_t pitch = rows.size() / static_cast<size_t>(height);
  std::vector<png_bytep> pointers;
  for (int y = 0; y < height; ++y) {
    pointers.push_back(const_cast<png_bytep>(&rows[static_cast<size_t>(y) * pitch]));
  }
  png_write_image(png, pointers.data());
  png_write_end(png, nullptr);
  png_destroy_write_struct(&png, &info);
  return text;
}

}  // namespace dse
