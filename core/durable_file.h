#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dse {

// Whether a published file outlasts a loss of power. What a command can write again need not, and
// is then written faster.
enum class Durable { kYes, kNo };

// A file that is written piece by piece under a temporary name beside `path`. What was not
// published is removed with the object, and an old file is then as it was. Every call throws Error
// that names `path`; what cannot be written is the machine's fault.
class PendingFile {
 public:
  explicit PendingFile(std::string path, Durable durable = Durable::kYes);
  ~PendingFile();
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;

  const std::string& path() const { return path_; }
  int64_t size() const { return size_; }
  void Append(std::string_view bytes);
  void Finish();   // brings it to the disk, if it shall be durable, and closes it
  void Publish();  // then renames it to `path`

 private:
  std::string path_;
  std::string temporary_;
  Durable durable_;
  int fd_ = -1;
  int64_t size_ = 0;
  bool published_ = false;
};

// Renames and brings the folder to the disk. Throws Error.
void RenameDurably(const std::string& from, const std::string& to);
// The same, unless `to` exists: then it answers false and changes nothing.
bool RenameIfAbsent(const std::string& from, const std::string& to);

}  // namespace dse
