#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "db/owner.h"

namespace dse {

// Who trains into a results file.
struct FileUse {
  int64_t runs = 0;
  std::string host;  // of one of them
  int64_t run_id = 0;
  double lease_seconds = 0;  // until all of them count as given up, unless they are renewed
  std::string Text() const;  // for people, without the file's name
};

// A results file as it is merged: checked, and of this build's schema. One of an older schema is
// copied into the folder of temporary files and brought up to date there; the copy is gone with the
// object. An unfinished transaction of a killed program is undone in the file itself; on a network
// file system, where it may be of a living one, not before its journal is older than a lease.
class MergeSource {
 public:
  // Throws Error for what is no results file, one of a newer schema, and a damaged one.
  // Whether the file lies on a network file system is found out unless it is given.
  explicit MergeSource(std::string path, std::optional<bool> network = {});
  ~MergeSource();
  MergeSource(MergeSource&&) noexcept;
  MergeSource& operator=(MergeSource&&) noexcept;

  const std::string& path() const { return path_; }
  // Why the file cannot be read yet; "" when it can. While there is a reason nothing else here may
  // be asked. Throws as the constructor, which leaves the checks of such a file to this.
  std::string BeingWritten();
  // To be given to MergeRows. Brings an older file up to date when it is first called.
  const std::string& readable();
  // Until it is asked for again.
  void DropCopy();
  // Empty where all runs in somebody's hands are of processes that are gone, as can be seen here or
  // as `ended` says, or silent too long.
  std::optional<FileUse> InUse(const EndedOwners& ended = {}) const;

 private:
  class Copy;
  bool Check();

  std::string path_;
  bool network_ = false;
  bool checked_ = false;
  int64_t version_ = 0;
  std::unique_ptr<Copy> copy_;
};

}  // namespace dse
