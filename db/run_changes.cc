#include "db/run_changes.h"

#include <algorithm>
#include <map>
#include <set>

#include "db/owner.h"
#include "db/rows/run_rows.h"
#include "db/sqlite/connection.h"

namespace dse {
namespace {

// A run as far as changes ask for it.
struct Target {
  int64_t id = 0;
  RunState state = RunState::kPending;
  int64_t attempt = 0;
  bool trainable = false;  // imported ones have no recipe, or no network
  bool held = false;       // by somebody who may live
};

class Targets {
 public:
  explicit Targets(sqlite::Connection& connection)
      : row_(connection,
             "SELECT r.state, r.attempt, c.document <> '{}' AND r.model_id IS NOT NULL, r.owner,"
             " r.lease_expires FROM runs r JOIN recipes c ON c.id = r.recipe_id WHERE r.id = ?") {}

  Target Read(int64_t id) {
    row_.Bind(id);
    row_.Step();
    Target target{id, StoredState(row_.Text(0)), row_.Int(1), row_.Int(2) != 0, false};
    target.held = target.state == RunState::kRunning && row_.Real(4) >= sqlite::Now() &&
                  !Owner::FromToken(row_.Text(3)).CertainlyDead();
    return target;
  }

 private:
  sqlite::Statement row_;
};

constexpr const char* kEndAttempt =
    "UPDATE attempts SET ended_at = ?3, outcome = ?4, message = ?5"
    " WHERE run_id = ?1 AND attempt = ?2 AND outcome IS NULL";

// The columns of a result are cleared as a claim clears them.
constexpr const char* kMakePending =
    "UPDATE runs SET state = 'pending', failures = 0, losses = 0, owner = NULL,"
    " lease_expires = NULL, error = NULL, best_error = NULL, micro_batch = NULL, seconds = NULL,"
    " img_per_s = NULL, message = NULL, host = NULL, device = NULL, dse_version = NULL,"
    " engine = NULL, precision = NULL, started_at = NULL, finished_at = NULL WHERE id = ?";

constexpr const char* kRestore =
    "UPDATE runs SET state = a.outcome, attempt = a.attempt, failures = 0, losses = 0,"
    " owner = NULL, lease_expires = NULL, error = a.error, best_error = a.best_error,"
    " micro_batch = a.micro_batch, seconds = a.seconds, img_per_s = a.img_per_s,"
    " message = a.message, host = a.host, device = a.device, dse_version = a.dse_version,"
    " engine = a.engine, precision = a.precision, started_at = a.started_at,"
    " finished_at = a.ended_at, data_uri = NULL FROM attempts a WHERE runs.id = ?1 AND a.run_id = "
    "?1"
    " AND a.attempt = (SELECT attempt FROM attempts WHERE run_id = ?1"
    "  AND (outcome IN ('diverged', 'out_of_memory') OR (outcome = 'done' AND error IS NOT NULL))"
    "  AND attempt NOT IN (SELECT attempt FROM rivals WHERE run_id = ?1)"
    "  ORDER BY outcome = 'done' DESC, attempt DESC LIMIT 1)";

constexpr const char* kCancel =
    "UPDATE runs SET state = 'cancelled', owner = NULL, lease_expires = NULL, finished_at = ?2"
    " WHERE id = ?1";

bool MayRetry(const Target& target, bool done_too) {
  switch (target.state) {
    case RunState::kPending:
      return false;
    case RunState::kRunning:
      return !target.held;
    case RunState::kDone:
      return target.trainable && done_too;
    default:
      return target.trainable;
  }
}

void RefuseRunning(sqlite::Connection& connection, const std::vector<Target>& targets) {
  const auto running = [](const Target& target) { return target.state == RunState::kRunning; };
  const auto first = std::ranges::find_if(targets, running);
  if (first == targets.end()) return;
  throw Error(connection.path() + ": " + std::to_string(std::ranges::count_if(targets, running)) +
              " of these runs are being trained, such as run " + std::to_string(first->id) +
              "; 'dse runs cancel' ends them first");
}

// What ForgetSummary tells, and the series that may be left without a run.
std::set<int64_t> Describe(sqlite::Connection& connection, const std::vector<Target>& targets,
                           ForgetSummary& summary) {
  sqlite::Statement key(connection, "SELECT key FROM runs WHERE id = ?");
  sqlite::Statement link(connection,
                         "SELECT l.series_id, p.name FROM series_runs l"
                         " JOIN series s ON s.id = l.series_id"
                         " JOIN populations p ON p.id = s.population_id WHERE l.run_id = ?");
  std::map<int64_t, std::string> series;
  for (const Target& target : targets) {
    ++summary.forgotten[target.state];
    key.Bind(target.id);
    key.Step();
    summary.keys.push_back(key.Text(0));
    link.Bind(target.id);
    while (link.Step()) series.emplace(link.Int(0), link.Text(1));
  }
  std::set<int64_t> ids;
  std::set<std::string> populations;
  for (const auto& [id, population] : series) {
    ids.insert(id);
    if (populations.insert(population).second) summary.populations.push_back(population);
  }
  return ids;
}

void Delete(sqlite::Connection& connection, const std::vector<Target>& targets,
            const std::set<int64_t>& series) {
  for (const char* table : {"epochs", "evaluations", "rivals", "attempts", "series_runs"}) {
    sqlite::Statement rows(connection, std::string("DELETE FROM ") + table + " WHERE run_id = ?");
    for (const Target& target : targets) rows.Bind(target.id).Run();
  }
  sqlite::Statement run(connection, "DELETE FROM runs WHERE id = ?");
  for (const Target& target : targets) run.Bind(target.id).Run();
  sqlite::Statement empty(connection,
                          "DELETE FROM series WHERE id = ?1"
                          " AND NOT EXISTS (SELECT 1 FROM series_runs WHERE series_id = ?1)");
  for (const int64_t id : series) empty.Bind(id).Run();
}

}  // namespace

RetrySummary RetryRuns(Database& db, const RunFilter& filter) {
  sqlite::Connection& connection = WritableConnection(db);
  sqlite::Transaction transaction(connection, sqlite::Transaction::Kind::kWrite);
  const bool done_too =
      !filter.ids.empty() || std::ranges::count(filter.states, RunState::kDone) > 0;
  Targets targets(connection);
  sqlite::Statement end_attempt(connection, kEndAttempt);
  sqlite::Statement make_pending(connection, kMakePending);
  RetrySummary summary;
  for (const int64_t id : FindRunIds(connection, filter)) {
    const Target target = targets.Read(id);
    if (!MayRetry(target, done_too)) {
      ++summary.left[target.state];
      if (!target.trainable) ++summary.imported;
      continue;
    }
    ++summary.retried[target.state];
    if (target.state == RunState::kRunning) {
      end_attempt.Bind(id, target.attempt, sqlite::Now(), "lost", nullptr).Run();
    }
    make_pending.Bind(id).Run();
  }
  transaction.Commit();
  return summary;
}

CancelSummary CancelRuns(Database& db, const RunFilter& filter) {
  sqlite::Connection& connection = WritableConnection(db);
  sqlite::Transaction transaction(connection, sqlite::Transaction::Kind::kWrite);
  Targets targets(connection);
  sqlite::Statement end_attempt(connection, kEndAttempt);
  sqlite::Statement restore(connection, kRestore);
  sqlite::Statement cancel(connection, kCancel);
  CancelSummary summary;
  const double now = sqlite::Now();
  for (const int64_t id : FindRunIds(connection, filter)) {
    const Target target = targets.Read(id);
    if (target.state == RunState::kRunning) {
      ++summary.running;
      end_attempt.Bind(id, target.attempt, now, "released", "cancelled").Run();
    } else if (target.state == RunState::kPending) {
      ++summary.pending;
    } else {
      // A retry that failed ends with the result of before, where there is one.
      const bool failed = target.state == RunState::kFailed && restore.Bind(id).Run() > 0;
      if (failed) ++summary.failed;
      continue;
    }
    if (restore.Bind(id).Run() > 0) {
      ++summary.restored;
    } else {
      cancel.Bind(id, now).Run();
    }
  }
  transaction.Commit();
  return summary;
}

ForgetSummary ForgetRuns(Database& db, const RunFilter& filter) {
  sqlite::Connection& connection = WritableConnection(db);
  sqlite::Transaction transaction(connection, sqlite::Transaction::Kind::kWrite);
  std::vector<Target> forgotten;
  {
    Targets targets(connection);
    for (const int64_t id : FindRunIds(connection, filter)) forgotten.push_back(targets.Read(id));
  }
  RefuseRunning(connection, forgotten);
  ForgetSummary summary;
  Delete(connection, forgotten, Describe(connection, forgotten, summary));
  transaction.Commit();
  return summary;
}

}  // namespace dse
