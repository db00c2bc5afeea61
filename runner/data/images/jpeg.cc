#include "runner/data/images/jpeg.h"

#include <algorithm>
#include <csetjmp>
#include <utility>
#include <vector>

#include "runner/data/images/resize.h"

// jpeglib.h needs size_t and FILE first.
#include <jerror.h>
#include <jpeglib.h>

namespace dse {
namespace {

// More scans than any honest progressive file has; each costs a pass over the image.
constexpr int kMaxScans = 200;

// Bytes between the data of a scan and the next marker that encoders fill a word up with, whatever
// their value: ImageNet's photographs have 0x7f there, frames of webcams up to four bytes.
constexpr size_t kWordPadding = 4;

// Columns around a part without which its outermost pixels would differ from the whole image's: a
// pixel's colour is interpolated from that of its neighbours.
constexpr int kColorMargin = 4;

constexpr int kBlock = 8;  // px; images decode at kBlock/kBlock and below

// Warnings after which the pixels are still those that were encoded.
bool IsHarmless(int code) {
  return code == JWRN_ADOBE_XFORM || code == JWRN_JFIF_MAJOR || code == JWRN_TOO_MUCH_DATA ||
         code == JWRN_BOGUS_ICC;
}

// One decoding. libjpeg reports errors by longjmp to `jump_`, so functions under Guarded() keep no
// object with a destructor while they call the library; all memory hangs on this object.
class JpegDecoder {
 public:
  JpegDecoder() {
    info_.err = jpeg_std_error(&errors_);
    info_.client_data = this;
    errors_.error_exit = [](j_common_ptr info) { Self(info)->Exit(); };
    errors_.emit_message = [](j_common_ptr info, int level) { Self(info)->Warn(level); };
    errors_.output_message = [](j_common_ptr) {};
    progress_.progress_monitor = [](j_common_ptr info) { Self(info)->CheckScans(); };
    created_ = Guarded(&JpegDecoder::Create);
  }
  ~JpegDecoder() {
    if (created_) jpeg_destroy_decompress(&info_);
  }
  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;

  void FromBytes(std::span<const uint8_t> bytes) { bytes_ = bytes; }
  void FromFile(std::FILE* file) { file_ = file; }

  Decoding ReadSize() {
    if (created_ && Guarded(&JpegDecoder::ReadHeader) && CheckSize()) {
      std::fseek(file_, -static_cast<long>(info_.src->bytes_in_buffer), SEEK_CUR);
    }
    return std::move(result_);
  }

  Decoding Decode() {
    if (!created_ || !Guarded(&JpegDecoder::ReadHeader) || !CheckSize()) return std::move(result_);
    const size_t pixels = static_cast<size_t>(info_.image_height) * info_.image_width;
    result_.image.pixels.resize(pixels * 3);
    ChooseColors();
    part_ = {0, 0, result_.image.height, result_.image.width};
    pixels_ = result_.image.pixels.data();
    if (!Guarded(&JpegDecoder::Start) || !Guarded(&JpegDecoder::ReadRows) ||
        !Guarded(&JpegDecoder::Finish)) {
      result_.image.pixels.clear();
    }
    return std::move(result_);
  }

  CutDecoding DecodeCut(const ChooseCut& choose, Image& image) {
    CutDecoding cut;
    if (created_ && Guarded(&JpegDecoder::ReadHeader) && CheckSize()) {
      cut.source = ChoosePart(choose(result_.image.height, result_.image.width));
      cut.source.image = &image;
      ChooseColors();
      if (Guarded(&JpegDecoder::Start) && Guarded(&JpegDecoder::StartPart)) {
        cut.source.source.y -= part_.y;
        cut.source.source.x -= part_.x;
        image.height = part_.height;
        image.width = part_.width;
        image.pixels.resize(static_cast<size_t>(part_.height) * static_cast<size_t>(part_.width) *
                            3);
        pixels_ = image.pixels.data();
        if (Guarded(&JpegDecoder::ReadRows) && Guarded(&JpegDecoder::PassRest))
          Guarded(&JpegDecoder::Finish);
      }
    }
    cut.problem = std::move(result_.problem);
    cut.loss = std::move(result_.loss);
    return cut;
  }

 private:
  static JpegDecoder* Self(j_common_ptr info) {
    return static_cast<JpegDecoder*>(info->client_data);
  }

  // Runs one step of the library; false if it failed, with the reason in result_.problem.
  bool Guarded(void (JpegDecoder::*step)()) {
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
    in_scans_ = true;
  }

  bool CheckSize() { return result_.SetSize(info_.image_height, info_.image_width); }

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

  // Goes through the data below the part as well, without making pixels of them, so that a cut
  // tells of the same damage as the whole image. Of several scans all have been read at the start.
  void PassRest() {
    JDIMENSION left = info_.output_height - info_.output_scanline;
    if (left > 1) jpeg_skip_scanlines(&info_, left - 1);  // skipping the last row reads nothing
    if (info_.output_scanline == info_.output_height) return;
    if (row_.empty()) row_.resize(static_cast<size_t>(part_.width) * 3);
    JSAMPROW row = row_.data();
    jpeg_read_scanlines(&info_, &row, 1);
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
    if (errors_.msg_code == JWRN_EXTRANEOUS_DATA && (!in_scans_ || ArePadding())) return;
    char text[JMSG_LENGTH_MAX];
    errors_.format_message(reinterpret_cast<j_common_ptr>(&info_), text);
    result_.loss = text;
  }

  // Whether the bytes that were passed over before a marker are padding, and not data of a scan
  // that damage has shifted: they are few, or all zero. They end where the library reads on.
  bool ArePadding() const {
    const auto count = static_cast<size_t>(errors_.msg_parm.i[0]);
    if (count <= kWordPadding) return true;
    const auto before = static_cast<size_t>(info_.src->next_input_byte - bytes_.data());
    const auto passed = bytes_.first(before).last(std::min(count, before));
    return std::all_of(passed.begin(), passed.end(), [](uint8_t byte) { return byte == 0; });
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
  bool in_scans_ = false;     // the header has been read
  std::vector<uint8_t> row_;  // one row of CMYK, or one that nobody needs
  Box part_;                  // of the (scaled) image, what is decoded into pixels_
  uint8_t* pixels_ = nullptr;
  Decoding result_;
};

}  // namespace

Decoding DecodeJpeg(std::span<const uint8_t> bytes) {
  JpegDecoder decoder;
  decoder.FromBytes(bytes);
  return decoder.Decode();
}

Decoding ReadJpegSize(std::FILE* file) {
  JpegDecoder decoder;
  decoder.FromFile(file);
  return decoder.ReadSize();
}

CutDecoding DecodeJpegCut(std::span<const uint8_t> bytes, const ChooseCut& choose,
                          ReadScratch& scratch) {
  JpegDecoder decoder;
  decoder.FromBytes(bytes);
  return decoder.DecodeCut(choose, scratch.image);
}

}  // namespace dse
