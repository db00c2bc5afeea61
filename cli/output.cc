#include "cli/output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <utility>

#include "core/error.h"
#include "core/printable.h"

namespace dse {
namespace {

namespace fs = std::filesystem;

constexpr size_t kBuffered = size_t{1} << 16;

// Also by another name, such as /dev/stdout, whatever that is.
bool IsStandardOutput(const std::string& path) {
  struct stat named = {};
  struct stat open = {};
  return stat(path.c_str(), &named) == 0 && fstat(STDOUT_FILENO, &open) == 0 &&
         named.st_dev == open.st_dev && named.st_ino == open.st_ino;
}

// A pipe, a device, a folder: what a file must not take the place of.
bool IsSpecial(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  return fs::exists(status) && !fs::is_regular_file(status);
}

// A link stays; the file it leads to is replaced.
std::string WithoutLinks(const std::string& path) {
  std::error_code error;
  const fs::path target = fs::is_symlink(path, error) ? fs::canonical(path, error) : fs::path();
  return error || target.empty() ? path : target.string();
}

}  // namespace

Output::Output(const std::string& path, Durable durable) {
  if (!path.empty() && !IsStandardOutput(path) && !IsSpecial(path)) {
    file_ = std::make_unique<PendingFile>(WithoutLinks(path), durable);
    return;
  }
  std::signal(SIGPIPE, SIG_IGN);
  if (path.empty() || IsStandardOutput(path)) return;
  name_ = path;
  fd_ = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd_ < 0) Fail();
}

Output::~Output() {
  if (fd_ >= 0 && fd_ != STDOUT_FILENO) close(fd_);
}

void Output::Fail() const { throw Error(name_ + ": cannot be written: " + std::strerror(errno)); }

void Output::Write(std::string_view bytes) {
  buffer_ += bytes;
  if (buffer_.size() >= kBuffered) Flush();
}

void Output::Finish() {
  Flush();
  if (fd_ != STDOUT_FILENO && fd_ >= 0 && close(std::exchange(fd_, -1)) != 0) Fail();
  if (!file_) return;
  file_->Finish();
  file_->Publish();
}

void Output::Flush() {
  if (file_) {
    file_->Append(buffer_);
  } else {
    WriteThrough(buffer_);
  }
  buffer_.clear();
}

void Output::WriteThrough(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) Fail();
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

void PrintLine(const std::string& text) { std::cout << Printable(text) << '\n'; }

void CheckIsNotDatabase(const std::string& path, const std::string& db) {
  std::error_code error;
  if (!path.empty() && fs::equivalent(path, db, error)) {
    throw Error(path + ": is the results database itself; the output needs another name");
  }
}

void WriteWholeFile(const std::string& name, std::string_view text) {
  Output output(name, Durable::kNo);
  output.Write(text);
  output.Finish();
}

void MakeFolder(const std::string& path) {
  std::error_code failure;
  fs::create_directories(path, failure);
  if (!fs::is_directory(path)) {
    throw Error(path + ": cannot be made a folder" + (failure ? ": " + failure.message() : ""));
  }
}

}  // namespace dse
