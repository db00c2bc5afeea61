#include "db/sqlite/connection.h"

#include <algorithm>

#include "core/error.h"

namespace dse {

sqlite::Connection& WritableConnection(Database& db) {
  if (db.read_only())
    throw Error(db.path() + ": cannot be written: it was opened for reading only");
  return db.impl().connection;
}

void FillClaimSet(Database& db, std::span<const int64_t> run_ids) {
  Database::Impl& impl = db.impl();
  if (!impl.claim_set.empty() && std::ranges::equal(impl.claim_set, run_ids)) return;
  sqlite::Connection& connection = impl.connection;
  impl.claim_set.clear();
  connection.Execute(
      "CREATE TEMP TABLE IF NOT EXISTS claim_set(ordinal INTEGER PRIMARY KEY, run_id INTEGER NOT "
      "NULL);"
      "DELETE FROM claim_set");
  sqlite::Transaction transaction(connection, sqlite::Transaction::Kind::kRead);
  sqlite::Statement insert(connection, "INSERT INTO temp.claim_set(run_id) VALUES (?)");
  for (const int64_t id : run_ids) insert.Bind(id).Run();
  transaction.Commit();
  impl.claim_set.assign(run_ids.begin(), run_ids.end());
}

}  // namespace dse
