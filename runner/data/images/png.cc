#include "runner/data/images/png.h"

#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <utility>
#include <vector>

namespace dse {
namespace {

// One decoding. libpng reports errors by longjmp to `jump_`, so functions under Guarded() keep no
// object with a destructor while they call the library; all memory hangs on this object.
class PngDecoder {
 public:
  PngDecoder() {
    png_ =
        png_create_read_struct(PNG_LIBPNG_VER_STRING, this, &PngDecoder::Exit, &PngDecoder::Ignore);
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
    if (info_ == nullptr) result_.problem = "there is no memory to decode it";
  }
  ~PngDecoder() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngDecoder(const PngDecoder&) = delete;
  PngDecoder& operator=(const PngDecoder&) = delete;

  void FromBytes(std::span<const uint8_t> bytes) { bytes_ = bytes; }
  void FromFile(std::FILE* file) { file_ = file; }

  Decoding ReadSize() {
    if (info_ != nullptr && Guarded(&PngDecoder::ReadHeader)) CheckSize();
    return std::move(result_);
  }

  Decoding Decode() {
    if (info_ == nullptr || !Guarded(&PngDecoder::ReadHeader) || !CheckSize() ||
        !Guarded(&PngDecoder::ChooseColors)) {
      return std::move(result_);
    }
    const size_t pitch = static_cast<size_t>(result_.image.width) * 3;
    result_.image.pixels.resize(static_cast<size_t>(result_.image.height) * pitch);
    for (size_t at = 0; at < result_.image.pixels.size(); at += pitch) {
      rows_.push_back(&result_.image.pixels[at]);
    }
    if (!Guarded(&PngDecoder::ReadRows)) result_.image.pixels.clear();
    return std::move(result_);
  }

 private:
  static PngDecoder* Self(png_structp png) {
    return static_cast<PngDecoder*>(png_get_error_ptr(png));
  }

  [[noreturn]] static void Exit(png_structp png, png_const_charp text) {
    Self(png)->result_.problem = std::string("damaged or cut short PNG: ") + text;
    std::longjmp(Self(png)->jump_, 1);
  }

  // Warnings are about what is beside the pixels, such as colour profiles and texts.
  static void Ignore(png_structp, png_const_charp) {}

  static void ReadBytes(png_structp png, png_bytep out, size_t count) {
    static_cast<PngDecoder*>(png_get_io_ptr(png))->Take(out, count);
  }

  void Take(png_bytep out, size_t count) {
    if (count > bytes_.size()) png_error(png_, "the file is cut short");
    std::copy_n(bytes_.data(), count, out);
    bytes_ = bytes_.subspan(count);
  }

  // Runs one step of the library; false if it failed, with the reason in result_.problem.
  bool Guarded(void (PngDecoder::*step)()) {
    if (setjmp(jump_) != 0) return false;
    (this->*step)();
    return true;
  }

  void ReadHeader() {
    if (file_ != nullptr) {
      png_init_io(png_, file_);
    } else {
      png_set_read_fn(png_, this, &PngDecoder::ReadBytes);
    }
    // Larger sizes are refused with our own words.
    png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_read_info(png_, info_);
  }

  bool CheckSize() {
    return result_.SetSize(png_get_image_height(png_, info_), png_get_image_width(png_, info_));
  }

  void ChooseColors() {
    png_set_strip_16(png_);
    png_set_packing(png_);
    const png_byte type = png_get_color_type(png_, info_);
    if (type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png_);
    if ((type & PNG_COLOR_MASK_COLOR) == 0) {
      png_set_expand_gray_1_2_4_to_8(png_);
      png_set_gray_to_rgb(png_);
    }
    png_set_strip_alpha(png_);
    png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    if (png_get_rowbytes(png_, info_) != static_cast<size_t>(result_.image.width) * 3) {
      png_error(png_, "its colours are of no known kind");
    }
  }

  void ReadRows() {
    png_read_image(png_, rows_.data());
    png_read_end(png_, nullptr);
  }

  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::jmp_buf jump_{};
  std::span<const uint8_t> bytes_;  // still to be read
  std::FILE* file_ = nullptr;
  std::vector<png_bytep> rows_;  // of the image
  Decoding result_;
};

}  // namespace

Decoding DecodePng(std::span<const uint8_t> bytes) {
  PngDecoder decoder;
  decoder.FromBytes(bytes);
  return decoder.Decode();
}

Decoding ReadPngSize(std::FILE* file) {
  PngDecoder decoder;
  decoder.FromFile(file);
  return decoder.ReadSize();
}

}  // namespace dse
