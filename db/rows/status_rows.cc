#include "db/rows/status_rows.h"

#include <algorithm>
#include <array>
#include <functional>
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
std::string ColumnOf(const std::string& name, bool elsewhere) {
  return elsewhere ? "iif(e.run_id IS NULL, r." + name + ", e." + name + ")" : "r." + name;
}

// Of runs that ended in a window: how many, and when the first of them began.
struct Window {
  int64_t finished = 0;
  double start = 0;
};

// What is counted of a series, or of all runs.
struct Sums {
  StateCounts states;
  std::optional<double> best_error;
  double seconds = 0;
  int64_t timed = 0;  // runs with a result and its seconds
  std::array<Window, kWindows.size()> windows{};

  void Add(const Sums& more) {
    for (const RunState state : kStates) states[state] += more.states[state];
    if (!best_error || (more.best_error && *more.best_error < *best_error)) {
      best_error = more.best_error ? more.best_error : best_error;
    }
    seconds += more.seconds;
    timed += more.timed;
    for (size_t i = 0; i < windows.size(); ++i) {
      const Window& other = more.windows[i];
      if (other.finished == 0) continue;
      Window& own = windows[i];
      own.start = own.finished == 0 ? other.start : std::min(own.start, other.start);
      own.finished += other.finished;
    }
  }
  std::optional<double> MeanSeconds() const {
    if (timed == 0) return {};
    return seconds / double(timed);
  }
  RecentRuns Recent(double now) const {
    RecentRuns recent;
    for (size_t i = 0; i < kWindows.size(); ++i) {
      const auto& [finished, start] = windows[i];
      if (finished == recent.finished) continue;
      recent = {finished, std::clamp(now - start, 1.0, kWindows[i])};
      if (finished >= kEnoughRuns) break;
    }
    return recent;
  }
};

// The columns that ReadSums reads; `column` says in SQL what a run has of this name. Parameter 1 is
// the time now.
std::string SumColumns(const std::function<std::string(const std::string&)>& column) {
  const std::string state = column("state"), seconds = column("seconds");
  const std::string with_result = state + " IN " + kWithResult;
  std::string columns = "min(" + column("error") + "), total(" + seconds + ") FILTER (WHERE " +
                        with_result + "), count(" + seconds + ") FILTER (WHERE " + with_result +
                        ")";
  for (const RunState one : kStates) {
    columns += ", count(*) FILTER (WHERE " + state + " = '" + RunStateText(one) + "')";
  }
  for (const double window : kWindows) {
    const std::string filter = " FILTER (WHERE " + column("finished_at") + " > ?1 - " +
                               std::to_string(int(window)) + " AND " + column("attempt") +
                               " > 0 AND " + with_result + ")";
    columns += ", count(*)" + filter + ", min(" + column("started_at") + ")" + filter;
  }
  return columns;
}

Sums ReadSums(const sqlite::Statement& row, int column) {
  Sums sums;
  sums.best_error = row.OptionalReal(column++);
  sums.seconds = row.Real(column++);
  sums.timed = row.Int(column++);
  for (const RunState state : kStates) sums.states[state] = row.Int(column++);
  for (Window& window : sums.windows) {
    window.finished = row.Int(column++);
    window.start = row.Real(column++);
  }
  return sums;
}

// Of the main file's runs, as they are where they are furthest, and of those that only shards have.
std::string MainSums(bool elsewhere) {
  return SumColumns([&](const std::string& name) { return ColumnOf(name, elsewhere); });
}
std::string AddedSums() {
  return SumColumns([](const std::string& name) { return "a." + name; });
}

const char* JoinElsewhere(bool elsewhere) {
  return elsewhere ? " LEFT JOIN temp.elsewhere e ON e.run_id = r.id" : "";
}

// Keeps those runs of a file that are furthest there, `r` being its runs.
std::string OnlyFurthest(const StatusFile& file) {
  if (!file.elsewhere) return "";
  if (file.shard == 0) return " AND r.id NOT IN (SELECT run_id FROM temp.elsewhere)";
  const std::string shard = std::to_string(file.shard);
  return " AND (EXISTS (SELECT 1 FROM main.runs m JOIN temp.elsewhere e ON e.run_id = m.id"
         " WHERE m.key = r.key AND e.shard = " +
         shard +
         ") OR EXISTS (SELECT 1 FROM temp.added a WHERE a.key = r.key AND a.shard = " + shard +
         "))";
}

// The id of the main file's series with these natural keys, as SQL; NULL without one.
std::string MainSeries(const std::string& population, const std::string& recipe,
                       const std::string& dataset) {
  return "(SELECT s.id FROM main.series s JOIN main.populations p ON p.id = s.population_id"
         " JOIN main.recipes c ON c.id = s.recipe_id JOIN main.datasets d ON d.id = s.dataset_id"
         " WHERE p.key = " +
         population + " AND c.hash = " + recipe + " AND d.fingerprint = " + dataset + ")";
}

// The series of runs that the main file lacks.
void AddSeries(sqlite::Connection& connection, const std::string& schema) {
  if (connection.QueryInt("SELECT count(*) FROM temp.added") == 0) return;
  const std::string names = " FROM " + schema + ".series_names n JOIN " + schema +
                            ".populations p ON p.id = n.population_id";
  const std::string runs = schema + ".series_runs l JOIN " + schema +
                           ".runs r ON r.id = l.run_id JOIN temp.added a ON a.key = r.key";
  connection.Execute(
      "INSERT INTO temp.added_series(population_key, recipe_hash, fingerprint, population, recipe,"
      " dataset) SELECT p.key, n.recipe_hash, n.fingerprint, n.population, n.recipe, n.dataset" +
      names + " WHERE EXISTS (SELECT 1 FROM " + runs +
      " WHERE l.series_id = n.series_id) ORDER BY n.series_id ON CONFLICT DO NOTHING;"
      "INSERT INTO temp.added_runs SELECT t.id, q.run_id FROM (SELECT DISTINCT l.series_id,"
      " a.id AS run_id FROM " +
      runs + ") q JOIN " + schema + ".series_names n ON n.series_id = q.series_id JOIN " + schema +
      ".populations p ON p.id = n.population_id JOIN temp.added_series t"
      " ON t.population_key = p.key AND t.recipe_hash = n.recipe_hash"
      " AND t.fingerprint = n.fingerprint WHERE true ON CONFLICT DO NOTHING");
}

}  // namespace

std::optional<double> RecentRuns::PerHour() const {
  if (finished == 0 || seconds <= 0) return {};
  return double(finished) * 3600 / seconds;
}

void MakeElsewhere(sqlite::Connection& connection) {
  const std::string columns =
      " state TEXT, attempt INTEGER, error REAL, seconds REAL, started_at REAL, finished_at REAL,"
      " shard INTEGER)";
  connection.Execute("CREATE TEMP TABLE elsewhere(run_id INTEGER PRIMARY KEY," + columns + ";" +
                     "CREATE TEMP TABLE added(id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE," +
                     columns +
                     ";CREATE TEMP TABLE added_series(id INTEGER PRIMARY KEY, population_key TEXT,"
                     " recipe_hash TEXT, fingerprint TEXT, population TEXT, recipe TEXT,"
                     " dataset TEXT, UNIQUE(population_key, recipe_hash, fingerprint));"
                     "CREATE TEMP TABLE added_runs(series_id INTEGER, run_id INTEGER,"
                     " PRIMARY KEY(series_id, run_id)) WITHOUT ROWID");
}

void AddElsewhere(sqlite::Connection& connection, const std::string& schema, int shard) {
  const std::string columns = "state, attempt, error, seconds, started_at, finished_at, shard)";
  const std::string values =
      "s.state, s.attempt, s.error, s.seconds, s.started_at, s.finished_at, ?1 FROM " + schema +
      ".runs s";
  const auto replace = [](const std::string& table) {
    return " DO UPDATE SET state = excluded.state, attempt = excluded.attempt,"
           " error = excluded.error, seconds = excluded.seconds, started_at = excluded.started_at,"
           " finished_at = excluded.finished_at, shard = excluded.shard WHERE " +
           Rank("excluded.state") + " > " + Rank(table + ".state");
  };
  sqlite::Statement(
      connection,
      "INSERT INTO temp.elsewhere(run_id, " + columns + " SELECT m.id, " + values +
          " CROSS JOIN main.runs m ON m.key = s.key WHERE s.state <> 'pending' AND " +
          Rank("s.state") + " > " + Rank("m.state") +
          // A failure that was the main file's when the shard was made is not the shard's.
          " AND (s.state <> 'failed' OR EXISTS (SELECT 1 FROM " + schema +
          ".attempts a WHERE a.run_id = s.id AND a.attempt = s.attempt))"
          // The main file knows it, and wants the run again.
          " AND NOT EXISTS (SELECT 1 FROM " +
          schema +
          ".attempts a JOIN main.attempts b ON b.owner = a.owner AND b.started_at = a.started_at"
          "  AND b.outcome = a.outcome"
          "  WHERE a.run_id = s.id AND a.attempt = s.attempt AND b.run_id = m.id)"
          " ON CONFLICT(run_id)" +
          replace("elsewhere"),
      shard)
      .Run();
  sqlite::Statement(connection,
                    "INSERT INTO temp.added(key, " + columns + " SELECT s.key, " + values +
                        " WHERE NOT EXISTS (SELECT 1 FROM main.runs m WHERE m.key = s.key)"
                        " ON CONFLICT(key)" +
                        replace("added"),
                    shard)
      .Run();
  AddSeries(connection, schema);
}

std::vector<SeriesStatus> LoadSeriesStatus(sqlite::Connection& connection, bool elsewhere) {
  const double now = sqlite::Now();
  std::map<int64_t, Sums> sums;  // by id; negative ones are of series that only shards have
  sqlite::Statement row(connection,
                        "SELECT l.series_id, " + MainSums(elsewhere) +
                            " FROM (SELECT DISTINCT series_id, run_id FROM main.series_runs) l"
                            " JOIN main.runs r ON r.id = l.run_id" +
                            JoinElsewhere(elsewhere) + " GROUP BY l.series_id",
                        now);
  while (row.Step()) sums[row.Int(0)] = ReadSums(row, 1);
  if (elsewhere) {
    sqlite::Statement added(
        connection,
        "SELECT coalesce(" + MainSeries("n.population_key", "n.recipe_hash", "n.fingerprint") +
            ", -n.id), " + AddedSums() +
            " FROM temp.added_series n JOIN temp.added_runs l ON l.series_id = n.id"
            " JOIN temp.added a ON a.id = l.run_id GROUP BY n.id ORDER BY n.id",
        now);
    while (added.Step()) sums[added.Int(0)].Add(ReadSums(added, 1));
  }
  std::vector<SeriesStatus> list;
  sqlite::Statement name(
      connection, "SELECT population, recipe, dataset FROM main.series_names WHERE series_id = ?");
  const auto add = [&](const sqlite::Statement& names, const Sums& of) {
    list.push_back({names.Text(0), names.Text(1), names.Text(2), of.states, of.best_error,
                    of.MeanSeconds(), of.Recent(now)});
  };
  for (const auto& [id, of] : sums) {
    if (id > 0 && name.Bind(id).Step()) add(name, of);
  }
  if (!elsewhere) return list;
  sqlite::Statement new_name(
      connection, "SELECT population, recipe, dataset FROM temp.added_series WHERE id = ?");
  for (auto at = sums.rbegin(); at != sums.rend(); ++at) {
    if (at->first < 0 && new_name.Bind(-at->first).Step()) add(new_name, at->second);
  }
  return list;
}

void LoadRunTotals(sqlite::Connection& connection, bool elsewhere, DatabaseStatus& status) {
  const double now = sqlite::Now();
  sqlite::Statement row(
      connection, "SELECT " + MainSums(elsewhere) + " FROM main.runs r" + JoinElsewhere(elsewhere),
      now);
  row.Step();
  Sums sums = ReadSums(row, 0);
  if (elsewhere) {
    sqlite::Statement added(connection, "SELECT " + AddedSums() + " FROM temp.added a", now);
    added.Step();
    sums.Add(ReadSums(added, 0));
  }
  status.runs = sums.states;
  status.recent = sums.Recent(now);
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
