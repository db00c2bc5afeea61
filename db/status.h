#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "db/database.h"

namespace dse {

// Runs that ended lately: the last 10 minutes, hour, 6 hours or day, the shortest of them in which
// ten ended, else the longest. Runs that ended with a result, of whatever kind.
struct RecentRuns {
  int64_t finished = 0;
  double seconds = 0;  // that they took together with those beside them; 0 = none ended

  std::optional<double> PerHour() const;
};

// Progress of one series.
struct SeriesStatus {
  std::string population;
  std::string recipe;
  std::string dataset;
  StateCounts states;
  std::optional<double> best_error;    // lowest final error so far
  std::optional<double> mean_seconds;  // of finished runs
  RecentRuns recent;
};

// One run somebody holds.
struct WorkerStatus {
  int64_t run_id = 0;
  std::string model_hash;
  std::string host;
  std::string device;
  int64_t attempt = 0;
  int64_t epoch = 0;            // finished epochs of this attempt
  int64_t epochs = 0;           // that the recipe has; 0 = unknown
  double seconds = 0;           // since claimed
  double silent_seconds = 0;    // since it last told that it lives, about
  double lease_seconds = 0;     // left; negative = overdue
  bool certainly_dead = false;  // Owner::CertainlyDead
  std::string shard;            // name of the file that it works in, "" = the main one
};

struct FailureStatus {
  int64_t run_id = 0;
  std::string model_hash;
  int64_t attempt = 0;
  std::string message;
  double ended_at = 0;  // seconds since 1970
  std::string shard;
};

// Runs that ended without an error in the same way: in the same state with the same sentence, words
// with digits aside.
struct FailureCause {
  RunState state = RunState::kFailed;  // or kDiverged, kOutOfMemory
  int64_t count = 0;
  FailureStatus latest;
};

struct DatabaseStatus {
  int64_t populations = 0;
  int64_t models = 0;
  StateCounts runs;  // each once, however many series it is in
  RecentRuns recent;
  std::vector<SeriesStatus> series;
  std::vector<WorkerStatus> workers;
  std::vector<FailureStatus> failures;  // at most 20, latest first
  std::vector<FailureCause> causes;     // most frequent first
};

// Of one file alone; study_status.h reads its shards too.
DatabaseStatus LoadStatus(Database& db);

}  // namespace dse
