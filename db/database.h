#pragma once

#include <memory>
#include <string>

#include "db/lock_wait.h"

namespace dse {

enum class OpenMode {
  kReadOnly,   // must exist; nothing is changed, but that an older file is brought up to date
  kUntouched,  // must exist; changed in no way, also where it may lie on a file system without
               // locks
  kObserve,    // the same, and of any older schema too: for reading what all have
  kReadWrite,  // must exist
  kCreate,     // made where it does not exist
};

// One connection to a results file (README of this folder). Used by one thread at a time and never
// carried across fork; several processes may have one each on the same file. Rollback journal,
// foreign keys on. A file that another program has locked is waited for (db/lock_wait.h). All
// functions of this folder throw Error with the file's name: not a database, another program's
// file, a newer schema; and, as the machine's fault, read-only, locked for too long, a full disk.
class Database {
 public:
  static Database Open(const std::string& path, OpenMode mode,
                       const LockWait& wait = DefaultLockWait());

  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  const std::string& path() const;
  bool read_only() const;

  struct Impl;  // SQLite stays in this folder's sources
  Impl& impl() const { return *impl_; }

 private:
  explicit Database(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The schema this build writes (user_version) and the mark of our files (application_id, "dse1").
inline constexpr int kSchemaVersion = 5;
inline constexpr int kApplicationId = 0x64736531;

}  // namespace dse
