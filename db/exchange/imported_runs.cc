#include "db/exchange/imported_runs.h"

#include <algorithm>

#include "core/units.h"
#include "db/epochs.h"

namespace dse {
namespace {

std::string Value(const std::optional<double>& value) {
  return value ? FormatDouble(*value) : "none";
}

std::optional<std::string> Message(const ImportRow& row) {
  return row.message.empty() ? std::nullopt : std::optional(row.message);
}

}  // namespace

std::string ImportPlace(const std::string& file, const ImportRow& row) {
  return row.job > 0 ? file + ": job " + std::to_string(row.job)
                     : file + ":" + std::to_string(row.line);
}

ImportedRuns::ImportedRuns(sqlite::Connection& connection)
    : connection_(connection),
      insert_(connection,
              "INSERT INTO runs(key, model_id, recipe_id, dataset_id, seed, state, error,"
              " best_error, seconds, img_per_s, micro_batch, message, attempt)"
              " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
      link_(connection, "INSERT INTO series_runs(series_id, member_id, run_id) VALUES (?, ?, ?)"),
      insert_attempt_(connection,
                      "INSERT INTO attempts(run_id, attempt, owner, host, device, started_at,"
                      " ended_at, outcome, message)"
                      " VALUES (?, 1, 'imported', 'imported', 'unknown', 0, ?, ?, ?)"),
      insert_epoch_(connection,
                    "INSERT INTO epochs(run_id, attempt, epoch, lr, train_loss, train_error,"
                    " test_loss, test_error, seconds) VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?)"),
      count_epochs_(connection, "SELECT count(*) FROM epochs WHERE run_id = ?") {}

ImportedRuns::Outcome ImportedRuns::Store(const ImportedRun& run, const std::string& file) {
  const ImportRow& row = run.row;
  const std::optional<StoredRun>& stored = run.identity.stored;
  if (!stored) {
    insert_
        .Bind(run.identity.key, run.model_id, run.series.recipe_id, run.series.dataset_id,
              run.identity.seed, RunStateText(row.state), row.error, row.best_error, row.seconds,
              row.img_per_s, row.micro_batch, Message(row), row.epochs.empty() ? 0 : 1)
        .Run();
    const int64_t id = connection_.LastInsertId();
    link_.Bind(run.series.id, run.member_id, id).Run();
    StoreCurve(id, row);
    return Outcome::kNew;
  }
  const int64_t id = stored->id;
  const bool may_grow = row.job > 0 && stored->state == RunStateText(RunState::kFailed);
  if (SameOutcome(*stored, row) && (!may_grow || SameCurve(id, row))) return Outcome::kKnown;
  if (may_grow) {
    Update(id, row);
    return Outcome::kUpdated;
  }
  throw Error(ImportPlace(file, row) + ": contradicts what " + connection_.path() +
              " has for this network: " + stored->state + ", error " + Value(stored->error) +
              ", best_error " + Value(stored->best_error));
}

bool ImportedRuns::SameCurve(int64_t run_id, const ImportRow& row) {
  count_epochs_.Bind(run_id);
  count_epochs_.Step();
  return count_epochs_.Int(0) == static_cast<int64_t>(row.epochs.size());
}

void ImportedRuns::Update(int64_t run_id, const ImportRow& row) {
  sqlite::Statement(connection_, "DELETE FROM epochs WHERE run_id = ?", run_id).Run();
  sqlite::Statement(connection_, "DELETE FROM rivals WHERE run_id = ?", run_id).Run();
  sqlite::Statement(connection_, "DELETE FROM attempts WHERE run_id = ?", run_id).Run();
  sqlite::Statement(connection_,
                    "UPDATE runs SET state = ?, error = ?, best_error = ?, seconds = ?,"
                    " message = ?, attempt = ? WHERE id = ?",
                    RunStateText(row.state), row.error, row.best_error, row.seconds, Message(row),
                    row.epochs.empty() ? 0 : 1, run_id)
      .Run();
  StoreCurve(run_id, row);
}

// When it was trained is not known: its attempt begins at time 0.
void ImportedRuns::StoreCurve(int64_t run_id, const ImportRow& row) {
  if (row.epochs.empty()) return;
  double seconds = 0;
  for (const EpochRecord& epoch : row.epochs) seconds += epoch.seconds;
  const bool ended = row.state != RunState::kCancelled;
  insert_attempt_
      .Bind(run_id, std::min(seconds, 1e300), ended ? RunStateText(row.state) : "released",
            Message(row))
      .Run();
  for (const EpochRecord& e : row.epochs) {
    insert_epoch_
        .Bind(run_id, e.epoch, e.lr, e.train_loss, e.train_error, e.test_loss, e.test_error,
              e.seconds)
        .Run();
  }
}

}  // namespace dse
