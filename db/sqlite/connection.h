#pragma once

#include <memory>

#include "db/database.h"
#include "db/sqlite/sqlite.h"

namespace dse {

class ClaimQueue;

struct Database::Impl {
  Impl(const std::string& path, sqlite::Access access, const LockWait& wait)
      : connection(path, access, wait) {}
  sqlite::Connection connection;
  bool read_only = false;
  std::shared_ptr<ClaimQueue> claims;  // of the set that was claimed from last
};

// For functions that change the file: its connection. Throws Error if it was opened for reading.
sqlite::Connection& WritableConnection(Database& db);

}  // namespace dse
