#include "db/sqlite/connection.h"

#include "core/error.h"

namespace dse {

sqlite::Connection& WritableConnection(Database& db) {
  if (db.read_only())
    throw Error(db.path() + ": cannot be written: it was opened for reading only");
  return db.impl().connection;
}

}  // namespace dse
