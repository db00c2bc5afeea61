#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace dse {

class PendingFile;

// Where a command's results go: standard output, or a file that takes its name when all of it is
// there. Collects what is written into large pieces. Every call throws Error that names the output:
// full disk, closed pipe.
class Output {
 public:
  // "" = standard output, where a reader that went away is an error too, no signal.
  explicit Output(const std::string& path);
  ~Output();  // a file that is not finished is removed

  void Write(std::string_view bytes);
  void Finish();

 private:
  void Flush();

  std::unique_ptr<PendingFile> file_;
  std::string buffer_;
};

// Writes a small file under a temporary name and renames it, so that no reader sees half of it; it
// is not forced to the disk. Throws Error that names it and leaves an old file as it was.
void WriteWholeFile(const std::string& path, std::string_view text);

}  // namespace dse
