#include "runner/data/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/error.h"

namespace dse {

MappedFile::MappedFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw Error(path + ": cannot be read: " + std::strerror(errno));
  struct stat status {};
  const bool regular = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  const auto size = static_cast<size_t>(status.st_size);
  void* begin = MAP_FAILED;
  if (regular && size > 0) begin = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  const int reason = errno;
  close(fd);
  if (!regular) throw Error(path + ": cannot be read: it is no regular file");
  if (size == 0) return;
  if (begin == MAP_FAILED) throw Error(path + ": cannot be read: " + std::strerror(reason));
  bytes_ = {static_cast<const uint8_t*>(begin), size};
  madvise(begin, size, MADV_RANDOM);  // no reading around what Part() asks for; advice only
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) munmap(const_cast<uint8_t*>(bytes_.data()), bytes_.size());
}

std::span<const uint8_t> MappedFile::Part(size_t offset, size_t length) const {
  static const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t begin = offset / page * page;  // the mapping begins at a page
  madvise(const_cast<uint8_t*>(bytes_.data()) + begin, offset - begin + length, MADV_WILLNEED);
  return bytes_.subspan(offset, length);
}

MappedFile::MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

}  // namespace dse
