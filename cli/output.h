#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/durable_file.h"

namespace dse {

// Where a command's results go: standard output, or a file that takes its name when all of it is
// there. What is no regular file, such as a named pipe or a device, is written to as it is.
// Collects what is written into large pieces. Every call throws Error that names the output: full
// disk, closed pipe.
class Output {
 public:
  // "" = standard output, where a reader that went away is an error too, no signal.
  explicit Output(const std::string& path, Durable durable = Durable::kYes);
  ~Output();  // a file that is not finished is removed

  void Write(std::string_view bytes);
  void Finish();

 private:
  void Flush();
  void WriteThrough(std::string_view bytes);
  [[noreturn]] void Fail() const;

  int fd_ = 1;  // where there is no file_
  std::string name_ = "standard output";
  std::unique_ptr<PendingFile> file_;
  std::string buffer_;
};

// A line of text for people on standard output, one whatever the names and messages in it hold.
void PrintLine(const std::string& text);

// Makes a folder with those above it; one that is there stays. Throws Error that names it.
void MakeFolder(const std::string& path);

// Throws Error where `path` names the file of the results database `db`, whatever it is called.
void CheckIsNotDatabase(const std::string& path, const std::string& db);

// Writes a small file under a temporary name and renames it, so that no reader sees half of it; it
// is not forced to the disk. What is no regular file is written to as it is. Throws Error that
// names it and leaves an old file as it was.
void WriteWholeFile(const std::string& name, std::string_view text);

}  // namespace dse
