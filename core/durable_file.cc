#include "core/durable_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "core/error.h"

namespace dse {
namespace {

[[noreturn]] void Fail(const std::string& path, const char* what) {
  const int reason = errno;
  const bool full = reason == ENOSPC || reason == EDQUOT;
  throw Error(path + ": cannot be " + what + ": " + std::strerror(reason) +
                  (full ? "; free some space and run the command again" : ""),
              Fault::kMachine);
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

void Rename(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) Fail(to, "replaced");
}

void SynchroniseFolder(const std::string& to) {
  const std::filesystem::path parent = std::filesystem::path(to).parent_path();
  const Descriptor folder(parent.empty() ? "." : parent.string(), O_RDONLY | O_DIRECTORY);
  // Some file systems cannot synchronise a folder and say EINVAL.
  if (folder.get() < 0 || (fsync(folder.get()) != 0 && errno != EINVAL)) Fail(to, "synchronised");
}

std::string TemporaryName(const std::string& path) {
  return path + ".new-" + std::to_string(getpid());
}

}  // namespace

PendingFile::PendingFile(std::string path, Durable durable)
    : path_(std::move(path)),
      temporary_(TemporaryName(path_)),
      durable_(durable),
      fd_(open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
  if (fd_ < 0) Fail(path_, "written");
}

PendingFile::~PendingFile() {
  if (fd_ >= 0) close(fd_);
  if (!published_) unlink(temporary_.c_str());
}

void PendingFile::Append(std::string_view bytes) {
  if (!WriteAll(fd_, bytes)) Fail(path_, "written");
  size_ += static_cast<int64_t>(bytes.size());
}

void PendingFile::Finish() {
  if (durable_ == Durable::kYes && fsync(fd_) != 0) Fail(path_, "written");
  const int closed = close(fd_);
  fd_ = -1;
  if (closed != 0) Fail(path_, "written");
}

void PendingFile::Publish() {
  if (durable_ == Durable::kYes) {
    RenameDurably(temporary_, path_);
  } else {
    Rename(temporary_, path_);
  }
  published_ = true;
}

void RenameDurably(const std::string& from, const std::string& to) {
  Rename(from, to);
  SynchroniseFolder(to);
}

bool RenameIfAbsent(const std::string& from, const std::string& to) {
  // Network file systems mostly have links in place of this kind of renaming, and some have
  // neither.
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) != 0) {
    if (errno == EEXIST) return false;
    if (link(from.c_str(), to.c_str()) == 0) {
      unlink(from.c_str());
    } else {
      if (errno == EEXIST || access(to.c_str(), F_OK) == 0) return false;
      Rename(from, to);
    }
  }
  SynchroniseFolder(to);
  return true;
}

}  // namespace dse
