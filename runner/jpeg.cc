#include "runner/jpeg.h"

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdio>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "runner/resize.h"

// jpeglib.h needs size_t and FILE first.
#include <jerror.h>
#include <jpeglib.h>

namespace dse {
namespace {

// More scans than any honest progressive file has; each costs a pass over the image.
constexpr int kMaxScans = 200;

// Bytes at the end of a file among which the image must end; cameras append some padding.
constexpr long kMaxTrailer = 16384;

// Columns around a part without which its outermost pixels would differ from the whole image's: a
// pixel's colour is interpolated from that of its neighbours.
constexpr int kColorMargin = 4;

constexpr int kBlock = 8;  // px; images decode at kBlock/kBlock and below

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

// Warnings after which the pixels are still those that were encoded.
bool IsHarmless(int code) {
  return code == JWRN_ADOBE_XFORM || code == JWRN_EXTRANEOUS_DATA || code == JWRN_JFIF_MAJOR ||
         code == JWRN_TOO_MUCH_DATA || code == JWRN_BOGUS_ICC;
}

// One decoding. libjpeg reports errors by longjmp to `jump_`, so functions under Guarded() keep no
// object with a destructor while they call the library; all memory hangs on this object.
class Decoder {
 public:
  Decoder() {
    info_.err = jpeg_std_error(&errors_);
    info_.client_data = this;
    errors_.error_exit = [](j_common_ptr info) { Self(info)->Exit(); };
    errors_.emit_message = [](j_common_ptr info, int level) { Self(info)->Warn(level); };
    errors_.output_message = [](j_common_ptr) {};
    progress_.progress_monitor = [](j_common_ptr info) { Self(info)->CheckScans(); };
    created_ = Guarded(&Decoder::Create);
  }
  ~Decoder() {
    if (created_) jpeg_destroy_decompress(&info_);
  }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  void FromBytes(std::span<const uint8_t> bytes) { bytes_ = bytes; }
  void FromFile(std::FILE* file) { file_ = file; }

  JpegResult ReadSize() {
    if (created_ && Guarded(&Decoder::ReadHeader) && CheckSize()) CheckEnd();
    return std::move(result_);
  }

  JpegResult Decode() {
    if (!created_ || !Guarded(&Decoder::ReadHeader) || !CheckSize()) return std::move(result_);
    const size_t pixels = static_cast<size_t>(info_.image_height) * info_.image_width;
    result_.image.pixels.resize(pixels * 3);
    ChooseColors();
    part_ = {0, 0, result_.image.height, result_.image.width};
    pixels_ = result_.image.pixels.data();
    if (!Guarded(&Decoder::Start) || !Guarded(&Decoder::ReadRows) || !Guarded(&Decoder::Finish)) {
      result_.image.pixels.clear();
    }
    return std::move(result_);
  }

  JpegCut DecodeCut(const ChooseCut& choose, Image& image) {
    JpegCut cut;
    if (created_ && Guarded(&Decoder::ReadHeader) && CheckSize()) {
      cut.source = ChoosePart(choose(result_.image.height, result_.image.width));
      cut.source.image = &image;
      ChooseColors();
      if (Guarded(&Decoder::Start) && Guarded(&Decoder::StartPart)) {
        cut.source.source.y -= part_.y;
        cut.source.source.x -= part_.x;
        image.height = part_.height;
        image.width = part_.width;
        image.pixels.resize(static_cast<size_t>(part_.height) * static_cast<size_t>(part_.width) *
                            3);
        pixels_ = image.pixels.data();
        Guarded(&Decoder::ReadRows);
      }
    }
    cut.problem = std::move(result_.problem);
    cut.loss = std::move(result_.loss);
    return cut;
  }

 private:
  static Decoder* Self(j_common_ptr info) { return static_cast<Decoder*>(info->client_data); }

  // Runs one step of the library; false if it failed, with the reason in result_.problem.
  bool Guarded(void (Decoder::*step)()) {
    if (setjmp(jump_) != 0) return false;
    (this->*step)();
    return true;
  }

  void Create() {
    jpeg_create_decompress(&info_);
    info_.progress = &progress_;
  }

  void ReadHeader() {
    if (file_ != nullptr) {
      jpeg_stdio_src(&info_, file_);
    } else {
      jpeg_mem_src(&info_, bytes_.data(), bytes_.size());
    }
    jpeg_read_header(&info_, TRUE);
  }

  bool CheckSize() {
    const int64_t height = info_.image_height, width = info_.image_width;
    if (height > kMaxImageSide || width > kMaxImageSide || height * width > kMaxImagePixels) {
      result_.problem =
          std::to_string(width) + " x " + std::to_string(height) + " pixels are too many";
      return false;
    }
    result_.image.height = static_cast<int>(height);
    result_.image.width = static_cast<int>(width);
    return true;
  }

  // Whether the file has an end-of-image marker near its end and behind the header, where that of a
  // thumbnail may be. Within image data a marker's first byte is always followed by 0.
  void CheckEnd() {
    const auto header_end = std::ftell(file_) - static_cast<long>(info_.src->bytes_in_buffer);
    std::fseek(file_, 0, SEEK_END);
    const long begin = std::max(header_end, std::ftell(file_) - kMaxTrailer);
    std::fseek(file_, begin, SEEK_SET);
    std::array<char, kMaxTrailer> tail;
    const size_t count = std::fread(tail.data(), 1, tail.size(), file_);
    const std::string_view text(tail.data(), count);
    if (text.find("\xff\xd9") == std::string_view::npos) result_.loss = "the file is cut short";
  }

  void ChooseColors() {
    const bool four = info_.jpeg_color_space == JCS_CMYK || info_.jpeg_color_space == JCS_YCCK;
    if (four) row_.resize(static_cast<size_t>(info_.image_width) * 4);
    info_.out_color_space = four ? JCS_CMYK : JCS_RGB;
  }

  // Whether parts of the image decode as the whole does: colours at full or half resolution.
  bool CanLeaveOut() const {
    return std::all_of(info_.comp_info, info_.comp_info + info_.num_components,
                       [](const jpeg_component_info& component) {
                         return component.h_samp_factor <= 2 && component.v_samp_factor <= 2;
                       });
  }

  // Sets the scale, and `part_` to what the cut needs at it.
  CutSource ChoosePart(const Cut& cut) {
    int scale = kBlock;
    if (!CanLeaveOut()) {
      part_ = {0, 0, result_.image.height, result_.image.width};
      return {nullptr, cut.source, cut};
    }
    const auto is_enough = [&](int of_block) {
      return int64_t{cut.source.height} * of_block >= int64_t{cut.height} * kBlock &&
             int64_t{cut.source.width} * of_block >= int64_t{cut.width} * kBlock;
    };
    while (cut.may_reduce && scale > 1 && is_enough(scale / 2)) scale /= 2;
    info_.scale_num = static_cast<unsigned>(scale);
    info_.scale_denom = kBlock;
    const double factor = static_cast<double>(scale) / kBlock;
    const RealBox source(cut.source.y * factor, cut.source.x * factor, cut.source.height * factor,
                         cut.source.width * factor);
    part_ = ResizeFootprint(source, cut.height, cut.width, cut.window);
    return {nullptr, source, cut};
  }

  void Start() { jpeg_start_decompress(&info_); }

  // Leaves out what lies above the part and, in whole blocks, beside it.
  void StartPart() {
    const int width = static_cast<int>(info_.output_width);
    const int left = std::max(0, part_.x - kColorMargin);
    const int right = std::min(width, part_.x + part_.width + kColorMargin);
    JDIMENSION first = static_cast<JDIMENSION>(left), count = static_cast<JDIMENSION>(right - left);
    if (right - left < width) jpeg_crop_scanline(&info_, &first, &count);
    part_.x = static_cast<int>(first);
    part_.width = static_cast<int>(count);
    if (part_.y > 0) jpeg_skip_scanlines(&info_, static_cast<JDIMENSION>(part_.y));
  }

  void ReadRows() {
    const size_t pitch = static_cast<size_t>(part_.width) * 3;
    uint8_t* target = pixels_;
    for (int y = 0; y < part_.height; ++y, target += pitch) {
      JSAMPROW row = row_.empty() ? target : row_.data();
      jpeg_read_scanlines(&info_, &row, 1);
      if (!row_.empty()) CmykToRgb(target);
    }
  }

  void Finish() { jpeg_finish_decompress(&info_); }

  // Adobe writes inverted values: 255 is no ink.
  void CmykToRgb(uint8_t* target) const {
    const int flip = info_.saw_Adobe_marker ? 0 : 255;
    for (size_t x = 0; x < static_cast<size_t>(part_.width); ++x) {
      const uint8_t* cmyk = row_.data() + 4 * x;
      const int light = cmyk[3] ^ flip;
      for (int c = 0; c < 3; ++c) {
        target[3 * x + c] = static_cast<uint8_t>(((cmyk[c] ^ flip) * light + 127) / 255);
      }
    }
  }

  [[noreturn]] void Exit() {
    char text[JMSG_LENGTH_MAX];
    errors_.format_message(reinterpret_cast<j_common_ptr>(&info_), text);
    result_.problem = text;
    std::longjmp(jump_, 1);
  }

  void Warn(int level) {
    if (level >= 0 || IsHarmless(errors_.msg_code) || !result_.loss.empty()) return;
    char text[JMSG_LENGTH_MAX];
    errors_.format_message(reinterpret_cast<j_common_ptr>(&info_), text);
    result_.loss = text;
  }

  void CheckScans() {
    if (info_.input_scan_number <= kMaxScans) return;
    result_.problem = "more than " + std::to_string(kMaxScans) + " scans";
    std::longjmp(jump_, 1);
  }

  jpeg_decompress_struct info_{};
  jpeg_error_mgr errors_{};
  jpeg_progress_mgr progress_{};
  std::jmp_buf jump_{};
  bool created_ = false;
  std::span<const uint8_t> bytes_;
  std::FILE* file_ = nullptr;
  std::vector<uint8_t> row_;  // one row of CMYK
  Box part_;                  // of the (scaled) image, what is decoded into pixels_
  uint8_t* pixels_ = nullptr;
  JpegResult result_;
};

JpegResult Unreadable() {
  JpegResult result;
  result.problem = "cannot be read";
  return result;
}

// False if it cannot be read.
bool ReadBytes(const std::string& path, std::vector<uint8_t>& bytes) {
  const File file(std::fopen(path.c_str(), "rb"));
  if (!file || std::fseek(file.get(), 0, SEEK_END) != 0) return false;
  const long size = std::ftell(file.get());
  if (size < 0 || std::fseek(file.get(), 0, SEEK_SET) != 0) return false;
  bytes.resize(static_cast<size_t>(size));
  return std::fread(bytes.data(), 1, bytes.size(), file.get()) == bytes.size();
}

}  // namespace

JpegResult DecodeJpeg(std::span<const uint8_t> bytes) {
  Decoder decoder;
  decoder.FromBytes(bytes);
  return decoder.Decode();
}

JpegResult ReadJpegSize(const std::string& path) {
  const File file(std::fopen(path.c_str(), "rb"));
  if (!file) return Unreadable();
  Decoder decoder;
  decoder.FromFile(file.get());
  return decoder.ReadSize();
}

JpegResult DecodeJpegFile(const std::string& path) {
  const File file(std::fopen(path.c_str(), "rb"));
  if (!file) return Unreadable();
  Decoder decoder;
  decoder.FromFile(file.get());
  return decoder.Decode();
}

JpegCut DecodeJpegCut(std::span<const uint8_t> bytes, const ChooseCut& choose,
                      ReadScratch& scratch) {
  Decoder decoder;
  decoder.FromBytes(bytes);
  return decoder.DecodeCut(choose, scratch.image);
}

JpegCut DecodeJpegFileCut(const std::string& path, const ChooseCut& choose, ReadScratch& scratch) {
  if (ReadBytes(path, scratch.file)) return DecodeJpegCut(scratch.file, choose, scratch);
  JpegCut cut;
  cut.problem = "cannot be read";
  return cut;
}

}  // namespace dse
