#include "cli/output.h"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "core/error.h"
#include "runner/durable_file.h"

namespace dse {
namespace {

constexpr size_t kPiece = size_t{1} << 16;

void WriteToStandardOutput(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      throw Error(std::string("standard output: cannot be written: ") + std::strerror(errno));
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace

Output::Output(const std::string& path) {
  if (path.empty()) {
    std::signal(SIGPIPE, SIG_IGN);
  } else {
    file_ = std::make_unique<PendingFile>(path);
  }
}

Output::~Output() = default;

void Output::Write(std::string_view bytes) {
  buffer_ += bytes;
  if (buffer_.size() >= kPiece) Flush();
}

void Output::Finish() {
  Flush();
  if (!file_) return;
  file_->Finish();
  file_->Publish();
}

void Output::Flush() {
  if (file_) {
    file_->Append(buffer_);
  } else {
    WriteToStandardOutput(buffer_);
  }
  buffer_.clear();
}

void WriteWholeFile(const std::string& path, std::string_view text) {
  const std::string temporary = path + ".new-" + std::to_string(getpid());
  errno = 0;
  std::ofstream file(temporary, std::ios::binary);
  file << text;
  file.close();
  if (file && std::rename(temporary.c_str(), path.c_str()) == 0) return;
  const int reason = errno;
  unlink(temporary.c_str());
  throw Error(path + ": cannot be written" +
              (reason != 0 ? std::string(": ") + std::strerror(reason) : ""));
}

}  // namespace dse
