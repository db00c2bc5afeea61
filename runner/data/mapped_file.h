#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace dse {

// A regular file in memory, read-only, shared with forked processes; nothing is read before it is
// asked for. Whoever cuts the file short meanwhile kills the process that touches what is gone
// (SIGBUS).
class MappedFile {
 public:
  // Throws Error that names the file: it cannot be read, or is none.
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  size_t size() const { return bytes_.size(); }
  // A part within the file, which the system is asked to read at once. Any thread may call it.
  std::span<const uint8_t> Part(size_t offset, size_t length) const;

 private:
  std::span<const uint8_t> bytes_;
};

}  // namespace dse
