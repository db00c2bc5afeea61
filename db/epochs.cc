#include "db/epochs.h"

#include "db/rows/attempt_rows.h"
#include "db/sqlite/connection.h"

namespace dse {

bool RecordEpoch(Database& db, const ClaimedRun& run, const EpochRecord& epoch) {
  CheckPercent(db, epoch.train_error);
  CheckPercent(db, epoch.test_error);
  sqlite::Statement record(
      WritableConnection(db),
      std::string("INSERT INTO epochs(run_id, attempt, epoch, lr, train_loss, train_error,"
                  " test_loss, test_error, seconds)"
                  " SELECT id, attempt, ?4, ?5, ?6, ?7, ?8, ?9, ?10 FROM runs") +
          kOurs +
          " ON CONFLICT(run_id, attempt, epoch) DO UPDATE SET lr = excluded.lr,"
          " train_loss = excluded.train_loss, train_error = excluded.train_error,"
          " test_loss = excluded.test_loss, test_error = excluded.test_error,"
          " seconds = excluded.seconds",
      run.run_id, run.attempt, run.token, epoch.epoch, epoch.lr, FiniteOrEmpty(epoch.train_loss),
      epoch.train_error, FiniteOrEmpty(epoch.test_loss), epoch.test_error, epoch.seconds);
  if (record.Run() == 0) return false;
  // A run that gets on, further than in any attempt before, is not what ends its owners.
  if (epoch.epoch > run.epochs_before) {
    sqlite::Statement(WritableConnection(db),
                      "UPDATE runs SET losses = 0 WHERE id = ? AND losses > 0", run.run_id)
        .Run();
  }
  return true;
}

}  // namespace dse
