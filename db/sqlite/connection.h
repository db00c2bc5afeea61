#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "db/database.h"
#include "db/sqlite/sqlite.h"

namespace dse {

struct Database::Impl {
  Impl(const std::string& path, sqlite::Access access, const LockWait& wait)
      : connection(path, access, wait) {}
  sqlite::Connection connection;
  bool read_only = false;
  std::vector<int64_t> claim_set;  // what the temporary table claim_set holds
};

// For functions that change the file: its connection. Throws Error if it was opened for reading.
sqlite::Connection& WritableConnection(Database& db);

// Fills the connection's temporary table claim_set(ordinal, run_id) with these runs; the same runs
// as last time cost nothing.
void FillClaimSet(Database& db, std::span<const int64_t> run_ids);

}  // namespace dse
