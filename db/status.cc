#include "db/status.h"

#include <utility>

#include "db/owner.h"
#include "db/sqlite/connection.h"

namespace dse {
namespace {

constexpr int kMostFailures = 20;

std::vector<SeriesStatus> LoadProgress(sqlite::Connection& connection) {
  std::vector<SeriesStatus> list;
  sqlite::Statement row(
      connection,
      "SELECT population, recipe, dataset, best_error, mean_seconds, pending, running, done,"
      " diverged, out_of_memory, failed, cancelled FROM progress");
  constexpr RunState kColumns[] = {RunState::kPending,  RunState::kRunning,     RunState::kDone,
                                   RunState::kDiverged, RunState::kOutOfMemory, RunState::kFailed,
                                   RunState::kCancelled};
  while (row.Step()) {
    SeriesStatus series{row.Text(0), row.Text(1),         row.Text(2),
                        {},          row.OptionalReal(3), row.OptionalReal(4)};
    int column = 5;
    for (const RunState state : kColumns) series.states[state] = row.Int(column++);
    list.push_back(std::move(series));
  }
  return list;
}

std::vector<WorkerStatus> LoadWorkers(sqlite::Connection& connection) {
  std::vector<WorkerStatus> list;
  sqlite::Statement row(
      connection,
      "SELECT r.id, coalesce(o.hash, ''), r.host, r.device, r.attempt, r.started_at,"
      " r.lease_expires, r.owner, (SELECT max(epoch) FROM epochs e"
      "  WHERE e.run_id = r.id AND e.attempt = r.attempt)"
      " FROM runs r LEFT JOIN models o ON o.id = r.model_id"
      " WHERE r.state = 'running' ORDER BY r.host, r.id");
  const double now = sqlite::Now();
  while (row.Step()) {
    list.push_back({row.Int(0), row.Text(1), row.Text(2), row.Text(3), row.Int(4), row.Int(8),
                    now - row.Real(5), row.Real(6) - now,
                    Owner::FromToken(row.Text(7)).CertainlyDead()});
  }
  return list;
}

std::vector<FailureStatus> LoadFailures(sqlite::Connection& connection) {
  std::vector<FailureStatus> list;
  sqlite::Statement row(connection,
                        "SELECT r.id, coalesce(o.hash, ''), r.attempt, r.message FROM runs r"
                        " LEFT JOIN models o ON o.id = r.model_id"
                        " WHERE r.state = 'failed' AND r.attempt > 0"  // imported ones say nothing
                        " ORDER BY r.finished_at DESC, r.id DESC LIMIT ?",
                        kMostFailures);
  while (row.Step()) list.push_back({row.Int(0), row.Text(1), row.Int(2), row.Text(3)});
  return list;
}

}  // namespace

DatabaseStatus LoadStatus(Database& db) {
  sqlite::Connection& connection = db.impl().connection;
  sqlite::Transaction snapshot(connection, sqlite::Transaction::Kind::kRead);
  DatabaseStatus status;
  status.populations = connection.QueryInt("SELECT count(*) FROM populations");
  status.models = connection.QueryInt("SELECT count(*) FROM models");
  status.series = LoadProgress(connection);
  status.workers = LoadWorkers(connection);
  status.failures = LoadFailures(connection);
  return status;
}

}  // namespace dse
