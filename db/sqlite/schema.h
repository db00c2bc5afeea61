#pragma once

#include <cstdint>
#include <string>

#include "db/sqlite/sqlite.h"

namespace dse {

// What a file says of itself; all zero and empty while nothing is in it.
struct SchemaMark {
  int64_t application = 0;
  int64_t version = 0;
  bool empty = false;
};
SchemaMark ReadSchemaMark(sqlite::Connection& connection);

// Throws Error for a database of another program and for a schema newer than this build's. An empty
// file passes.
void CheckSchema(const SchemaMark& mark, const std::string& path);

// Brings an empty or older file to kSchemaVersion in one transaction; safe when many processes do
// so at once. Leaves a file alone that is there already. Throws Error, leaving it as it was, while
// runs of an older file are held under leases: what trains them knows the older schema alone.
void MigrateSchema(sqlite::Connection& connection);

}  // namespace dse
