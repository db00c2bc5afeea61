#include "db/rows/status_rows.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "core/sentence.h"
#include "db/claims.h"
#include "db/owner.h"
#include "db/rows/run_rows.h"

namespace dse {
namespace {

constexpr size_t kMostFailures = 20;
constexpr int kMostSentences = 1000;  // of one state in one file, before they are joined to causes

constexpr std::array<double, 4> kWindows{600, 3600, 21600, 86400};
constexpr int64_t kEnoughRuns = 10;  // in a window

constexpr std::array<RunState, 7> kStates{
    RunState::kPending,     RunState::kRunning, RunState::kDone,     RunState::kDiverged,
    RunState::kOutOfMemory, RunState::kFailed,  RunState::kCancelled};

constexpr const char* kWithResult = "('done', 'diverged', 'out_of_memory')";

// How far a run is: 0 pending, 1 failed, 2 running, 3 ended.
std::string Rank(const std::string& state) {
  return "CASE " + state +
         " WHEN 'pending' THEN 0 WHEN 'failed' THEN 1 WHEN 'running' THEN 2 ELSE 3 END";
}

// Columns of a run as they are where it is furthest.
std::string Column(const std::string& name, bool elsewhere) {
  return elsewhere ? "iif(e.run_id IS NULL, r." + name + ", e." + name + ")" : "r." + name;
}

// Two columns for each window: runs that ended in it with a result, and when the first of them
// began. Parameter 1 is the time now.
std::string RecentColumns(bool elsewhere) {
  const std::string ended = Column("finished_at", elsewhere);
  std::string columns;
  for (const double window : kWindows) {
    const std::string filter = " FILTER (WHERE " + ended + " > ?1 - " +
                               std::to_string(int(window)) + " AND " +
                               Column("attempt", elsewhere) + " > 0 AND " +
                               Column("state", elsewhere) + " IN " + kWithResult + ")";
    columns += ", count(*)" + filter + ", min(" + Column("started_at", elsewhere) + ")" + filter;
  }
  return columns;
}

RecentRuns ReadRecent(const sqlite::Statement& row, int column, double now) {
  RecentRuns recent;
  for (const double window : kWindows) {
    const int64_t finished = row.Int(column++);
    const double start = row.Real(column++);
    if (finished == recent.finished) continue;
    recent = {finished, std::clamp(now - start, 1.0, window)};
    if (finished >= kEnoughRuns) break;
  }
  return recent;
}

std::string CountColumns(bool elsewhere) {
  std::string columns;
  for (const RunState state : kStates) {
    columns += std::string(", count(*) FILTER (WHERE ") + Column("state", elsewhere) + " = '" +
               RunStateText(state) + "')";
  }
  return columns;
}

const char* JoinElsewhere(bool elsewhere) {
  return elsewhere ? " LEFT JOIN temp.elsewhere e ON e.run_id = r.id" : "";
}

// Keeps those runs of a file that are furthest there, `r` being its runs.
std::string OnlyFurthest(const StatusFile& file) {
  if (!file.elsewhere) return "";
  if (file.shard == 0) return " AND r.id NOT IN (SELECT run_id FROM temp.elsewhere)";
  return " AND EXISTS (SELECT 1 FROM main.runs m JOIN temp.elsewhere e ON e.run_id = m.id"
         " WHERE m.key = r.key AND e.shard = " +
         std::to_string(file.shard) + ")";
}

}  // namespace

std::optional<double> RecentRuns::PerHour() const {
  if (finished == 0 || seconds <= 0) return {};
  return double(finished) * 3600 / seconds;
}

void MakeElsewhere(sqlite::Connection& connection) {
  connection.Execute(
      "CREATE TEMP TABLE elsewhere(run_id INTEGER PRIMARY KEY, state TEXT, attempt INTEGER,"
      " error REAL, seconds REAL, started_at REAL, finished_at REAL, shard INTEGER)");
}

void AddElsewhere(sqlite::Connection& connection, const std::string& schema, int shard) {
  sqlite::Statement(
      connection,
      "INSERT INTO temp.elsewhere SELECT m.id, s.state, s.attempt, s.error, s.seconds,"
      " s.started_at, s.finished_at, ?1 FROM " +
          schema +
          ".runs s CROSS JOIN main.runs m ON m.key = s.key WHERE s.state <> 'pending' AND " +
          Rank("s.state") + " > " + Rank("m.state") +
          " ON CONFLICT(run_id) DO UPDATE SET state = excluded.state, attempt = excluded.attempt,"
          " error = excluded.error, seconds = excluded.seconds, started_at = excluded.started_at,"
          " finished_at = excluded.finished_at, shard = excluded.shard WHERE " +
          Rank("excluded.state") + " > " + Rank("elsewhere.state"),
      shard)
      .Run();
}

std::vector<SeriesStatus> LoadSeriesStatus(sqlite::Connection& connection, bool elsewhere) {
  const std::string seconds = Column("seconds", elsewhere);
  const double now = sqlite::Now();
  sqlite::Statement row(
      connection,
      "SELECT n.population, n.recipe, n.dataset, g.* FROM (SELECT l.series_id, min(" +
          Column("error", elsewhere) + "), avg(" + seconds + ") FILTER (WHERE " +
          Column("state", elsewhere) + " IN " + kWithResult + ")" + CountColumns(elsewhere) +
          RecentColumns(elsewhere) +
          " FROM (SELECT DISTINCT series_id, run_id FROM main.series_runs) l"
          " JOIN main.runs r ON r.id = l.run_id" +
          JoinElsewhere(elsewhere) +
          " GROUP BY l.series_id) g JOIN main.series_names n ON n.series_id = g.series_id"
          " ORDER BY g.series_id",
      now);
  std::vector<SeriesStatus> list;
  while (row.Step()) {
    SeriesStatus series{row.Text(0),         row.Text(1),         row.Text(2), {},
                        row.OptionalReal(4), row.OptionalReal(5), {}};
    int column = 6;
    for (const RunState state : kStates) series.states[state] = row.Int(column++);
    series.recent = ReadRecent(row, column, now);
    list.push_back(std::move(series));
  }
  return list;
}

void LoadRunTotals(sqlite::Connection& connection, bool elsewhere, DatabaseStatus& status) {
  const double now = sqlite::Now();
  sqlite::Statement row(connection,
                        "SELECT 0" + CountColumns(elsewhere) + RecentColumns(elsewhere) +
                            " FROM main.runs r" + JoinElsewhere(elsewhere),
                        now);
  row.Step();
  int column = 1;
  for (const RunState state : kStates) status.runs[state] = row.Int(column++);
  status.recent = ReadRecent(row, column, now);
}

void AddWorkers(sqlite::Connection& connection, const StatusFile& file, DatabaseStatus& status) {
  const std::string from = file.schema + ".";
  sqlite::Statement row(
      connection,
      "SELECT r.id, coalesce(o.hash, ''), r.host, r.device, r.attempt, (SELECT max(epoch) FROM " +
          from + "epochs e WHERE e.run_id = r.id AND e.attempt = r.attempt)," +
          " coalesce(json_extract(c.document, '$.epochs'), 0), r.started_at, r.lease_expires,"
          " r.owner FROM " +
          from + "runs r LEFT JOIN " + from + "models o ON o.id = r.model_id LEFT JOIN " + from +
          "recipes c ON c.id = r.recipe_id WHERE r.state = 'running' ORDER BY r.host, r.id");
  const double now = sqlite::Now();
  while (row.Step()) {
    WorkerStatus worker;
    worker.run_id = row.Int(0);
    worker.model_hash = row.Text(1);
    worker.host = row.Text(2);
    worker.device = row.Text(3);
    worker.attempt = row.Int(4);
    worker.epoch = row.Int(5);
    worker.epochs = row.Int(6);
    worker.seconds = std::max(0.0, now - row.Real(7));
    worker.lease_seconds = row.Real(8) - now;
    // It tells by moving the end of its lease that far ahead.
    worker.silent_seconds = std::clamp(kLeaseSeconds - worker.lease_seconds, 0.0, worker.seconds);
    worker.certainly_dead = Owner::FromToken(row.Text(9)).CertainlyDead();
    worker.shard = file.name;
    status.workers.push_back(std::move(worker));
  }
}

void AddFailures(sqlite::Connection& connection, const StatusFile& file, DatabaseStatus& status) {
  // Imported runs, without an attempt, say nothing.
  const std::string rows = " FROM " + file.schema + ".runs r LEFT JOIN " + file.schema +
                           ".models o ON o.id = r.model_id WHERE r.attempt > 0" +
                           OnlyFurthest(file) + " AND r.state = ";
  const std::string columns =
      "SELECT r.id, coalesce(o.hash, ''), r.attempt, coalesce(r.message, '')";
  const auto read = [&](const sqlite::Statement& row, double ended_at) {
    return FailureStatus{row.Int(0), row.Text(1), row.Int(2), row.Text(3), ended_at, file.name};
  };
  sqlite::Statement row(connection,
                        columns + ", r.finished_at" + rows +
                            "'failed' ORDER BY r.finished_at DESC, r.id DESC LIMIT ?",
                        static_cast<int64_t>(kMostFailures));
  while (row.Step()) status.failures.push_back(read(row, row.Real(4)));
  for (const RunState state : {RunState::kFailed, RunState::kOutOfMemory, RunState::kDiverged}) {
    // The other columns are those of the row with the greatest time.
    sqlite::Statement cause(connection,
                            columns + ", max(r.finished_at), count(*)" + rows +
                                "? GROUP BY r.message ORDER BY count(*) DESC LIMIT ?",
                            std::string(RunStateText(state)), kMostSentences);
    while (cause.Step()) {
      status.causes.push_back({state, cause.Int(5), read(cause, cause.Real(4))});
    }
  }
}

void ArrangeStatus(DatabaseStatus& status) {
  std::ranges::stable_sort(status.failures, std::ranges::greater(), &FailureStatus::ended_at);
  if (status.failures.size() > kMostFailures) status.failures.resize(kMostFailures);
  std::ranges::stable_sort(status.workers, std::ranges::less(), &WorkerStatus::host);
  std::map<std::pair<RunState, std::string>, FailureCause> causes;
  for (FailureCause& cause : status.causes) {
    const auto [at, fresh] =
        causes.try_emplace({cause.state, CommonSentence(cause.latest.message)}, cause);
    if (fresh) continue;
    at->second.count += cause.count;
    if (cause.latest.ended_at > at->second.latest.ended_at) at->second.latest = cause.latest;
  }
  status.causes.clear();
  for (auto& [key, cause] : causes) status.causes.push_back(std::move(cause));
  std::ranges::stable_sort(status.causes, std::ranges::greater(), &FailureCause::count);
}

}  // namespace dse
