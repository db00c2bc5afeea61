#include "runner/data/images/image_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"
#include "runner/data/images/jpeg.h"
#include "runner/data/images/png.h"

namespace dse {
namespace {

// Larger files are refused: 100 million pixels of 16 bits and four channels are 0.8 GB raw.
constexpr int64_t kMaxFileBytes = int64_t{1} << 30;

// The end of most images is within the last bytes; what is read of the others at a time.
constexpr long kTrailer = 16384;
constexpr long kWindow = 1 << 20;

constexpr std::string_view kJpegEnd = "\xff\xd9";  // in image data 0xff is always followed by 0
constexpr std::string_view kPngEnd = "IEND\xae\x42\x60\x82";

[[noreturn]] void Unreadable(const std::string& path) {
  throw Error(path + ": cannot be read: " + std::strerror(errno), Fault::kMachine);
}

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

File Open(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe must not block
  if (fd < 0) Unreadable(path);
  File file(fdopen(fd, "rb"));
  struct stat status {};
  if (!file || fstat(fd, &status) != 0) Unreadable(path);
  if (!S_ISREG(status.st_mode)) {
    throw Error(path + ": cannot be read: it is no regular file", Fault::kMachine);
  }
  return file;
}

int64_t Length(std::FILE* file, const std::string& path) {
  struct stat status {};
  if (fstat(fileno(file), &status) != 0) Unreadable(path);
  return status.st_size;
}

// False if it is too large.
bool ReadBytes(const std::string& path, std::vector<uint8_t>& bytes) {
  const File file = Open(path);
  const int64_t length = Length(file.get(), path);
  if (length > kMaxFileBytes) return false;
  bytes.resize(static_cast<size_t>(length));
  bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file.get()));
  if (std::ferror(file.get()) != 0) Unreadable(path);
  return true;
}

// Whether the file has this mark at or behind its present place. Looks from the end backwards.
bool HasBehind(std::FILE* file, std::string_view mark) {
  const long begin = std::ftell(file);
  if (begin < 0 || std::fseek(file, 0, SEEK_END) != 0) return false;
  const long overlap = static_cast<long>(mark.size()) - 1;
  std::vector<char> text;
  long end = std::ftell(file);
  for (long window = kTrailer; end - begin > overlap; window = kWindow) {
    const long from = std::max(begin, end - window);
    text.resize(static_cast<size_t>(end - from));
    std::fseek(file, from, SEEK_SET);
    const size_t count = std::fread(text.data(), 1, text.size(), file);
    if (std::string_view(text.data(), count).find(mark) != std::string_view::npos) return true;
    if (from == begin) return false;
    end = from + overlap;
  }
  return false;
}

bool IsPng(std::span<const uint8_t> bytes) {
  return !bytes.empty() && bytes.front() == kPngFirstByte;
}

std::string TooLarge() { return "a file of more than 1 GiB is no image to train on"; }

}  // namespace

Decoding DecodeImage(std::span<const uint8_t> bytes) {
  return IsPng(bytes) ? DecodePng(bytes) : DecodeJpeg(bytes);
}

Decoding ReadImageSize(const std::string& path) {
  const File file = Open(path);
  const int first = std::fgetc(file.get());
  std::ungetc(first, file.get());  // does nothing at the end of the file
  const bool png = first == kPngFirstByte;
  Decoding size = png ? ReadPngSize(file.get()) : ReadJpegSize(file.get());
  if (size.intact() && !HasBehind(file.get(), png ? kPngEnd : kJpegEnd)) {
    size.loss = "the file is cut short";
  }
  if (std::ferror(file.get()) != 0) Unreadable(path);
  return size;
}

Decoding DecodeImageFile(const std::string& path) {
  std::vector<uint8_t> bytes;
  if (ReadBytes(path, bytes)) return DecodeImage(bytes);
  Decoding decoding;
  decoding.problem = TooLarge();
  return decoding;
}

CutDecoding DecodeImageFileCut(const std::string& path, const ChooseCut& choose,
                               ReadScratch& scratch) {
  CutDecoding cut;
  if (!ReadBytes(path, scratch.file)) {
    cut.problem = TooLarge();
    return cut;
  }
  if (!IsPng(scratch.file)) return DecodeJpegCut(scratch.file, choose, scratch);
  Decoding whole = DecodePng(scratch.file);
  cut.problem = std::move(whole.problem);
  cut.loss = std::move(whole.loss);
  if (!cut.intact()) return cut;
  scratch.image = std::move(whole.image);
  cut.source = WholeCutSource(scratch.image, choose);
  return cut;
}

}  // namespace dse
