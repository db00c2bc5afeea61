#include "runner/durable_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "core/error.h"

namespace dse {
namespace {

[[noreturn]] void Fail(const std::string& path, const char* what) {
  throw Error(path + ": cannot be " + what + ": " + std::strerror(errno));
}

class Descriptor {
 public:
  Descriptor(const std::string& path, int flags) : fd_(open(path.c_str(), flags, 0666)) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

bool WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

bool WriteParts(const std::string& path, std::span<const std::string_view> parts) {
  const Descriptor file(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC);
  if (file.get() < 0) return false;
  for (const std::string_view part : parts) {
    if (!WriteAll(file.get(), part)) return false;
  }
  return fsync(file.get()) == 0;
}

}  // namespace

void ReplaceFile(const std::string& path, std::span<const std::string_view> parts) {
  const std::string temporary = path + ".new-" + std::to_string(getpid());
  if (!WriteParts(temporary, parts)) {
    const int reason = errno;
    unlink(temporary.c_str());
    errno = reason;
    Fail(path, "written");
  }
  RenameDurably(temporary, path);
}

void RenameDurably(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) Fail(to, "replaced");
  const std::filesystem::path parent = std::filesystem::path(to).parent_path();
  const Descriptor folder(parent.empty() ? "." : parent.string(), O_RDONLY | O_DIRECTORY);
  // Some file systems cannot synchronise a folder and say EINVAL.
  if (folder.get() < 0 || (fsync(folder.get()) != 0 && errno != EINVAL)) Fail(to, "synchronised");
}

}  // namespace dse
