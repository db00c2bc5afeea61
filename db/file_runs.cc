#include "db/file_runs.h"

#include "core/error.h"
#include "db/rows/run_rows.h"
#include "db/sqlite/connection.h"

namespace dse {
namespace {

constexpr double kSettledSeconds = 10;

}  // namespace

std::optional<FileRun> FindFileRun(Database& db, const std::string& key) {
  sqlite::Statement row(db.impl().connection,
                        "SELECT r.id, r.state, o.hash, o.spec, r.finished_at FROM runs r"
                        " LEFT JOIN models o ON o.id = r.model_id WHERE r.key = ?",
                        key);
  if (!row.Step()) return std::nullopt;
  return FileRun{row.Int(0), StoredState(row.Text(1)), row.Text(2), row.Text(3),
                 row.OptionalReal(4)};
}

void WithFileRun(Database& db, const std::string& key,
                 const std::function<void(const std::optional<FileRun>&)>& action) {
  sqlite::Transaction transaction(WritableConnection(db), sqlite::Transaction::Kind::kWrite);
  action(FindFileRun(db, key));
  transaction.Commit();
}

bool IsSettled(const FileRun& run) {
  if (run.state != RunState::kDone && run.state != RunState::kDiverged &&
      run.state != RunState::kOutOfMemory) {
    return false;
  }
  return !run.finished_at || *run.finished_at + kSettledSeconds < sqlite::Now();
}

}  // namespace dse
