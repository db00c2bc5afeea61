#include "db/status.h"

#include "db/rows/status_rows.h"
#include "db/sqlite/connection.h"

namespace dse {

DatabaseStatus LoadStatus(Database& db) {
  sqlite::Connection& connection = db.impl().connection;
  sqlite::Transaction snapshot(connection, sqlite::Transaction::Kind::kRead);
  DatabaseStatus status;
  status.populations = connection.QueryInt("SELECT count(*) FROM populations");
  status.models = connection.QueryInt("SELECT count(*) FROM models");
  status.series = LoadSeriesStatus(connection, /*elsewhere=*/false);
  LoadRunTotals(connection, /*elsewhere=*/false, status);
  AddWorkers(connection, {}, status);
  AddFailures(connection, {}, status);
  ArrangeStatus(status);
  return status;
}

}  // namespace dse
