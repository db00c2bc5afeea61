#include "db/fits.h"

#include "core/error.h"
#include "db/sqlite/connection.h"

namespace dse {

void StoreFits(Database& db, const std::string& grid,
               std::span<const std::pair<std::string, Fit>> fits) {
  sqlite::Connection& connection = WritableConnection(db);
  sqlite::Transaction transaction(connection, sqlite::Transaction::Kind::kWrite);
  sqlite::Statement store(connection,
                          "INSERT INTO fits(model_id, grid, w0, wa, wm, e_fit)"
                          " SELECT id, ?2, ?3, ?4, ?5, ?6 FROM models WHERE hash = ?1"
                          " ON CONFLICT(model_id, grid) DO UPDATE SET w0 = excluded.w0,"
                          " wa = excluded.wa, wm = excluded.wm, e_fit = excluded.e_fit");
  for (const auto& [hash, fit] : fits) {
    if (store.Bind(hash, grid, fit.w0, fit.wa, fit.wm, fit.e_fit).Run() == 0) {
      throw Error(db.path() + ": no model " + hash + " to store a fit of");
    }
  }
  transaction.Commit();
}

}  // namespace dse
