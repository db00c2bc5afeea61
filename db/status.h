#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "db/database.h"

namespace dse {

// Progress of one series.
struct SeriesStatus {
  std::string population;
  std::string recipe;
  std::string dataset;
  StateCounts states;
  std::optional<double> best_error;    // lowest final error so far
  std::optional<double> mean_seconds;  // of finished runs
};

// One run somebody holds.
struct WorkerStatus {
  int64_t run_id = 0;
  std::string model_hash;
  std::string host;
  std::string device;
  int64_t attempt = 0;
  int64_t epoch = 0;            // finished epochs of this attempt
  double seconds = 0;           // since claimed
  double lease_seconds = 0;     // left; negative = overdue
  bool certainly_dead = false;  // Owner::CertainlyDead
};

struct FailureStatus {
  int64_t run_id = 0;
  std::string model_hash;
  int64_t attempt = 0;
  std::string message;
};

struct DatabaseStatus {
  int64_t populations = 0;
  int64_t models = 0;
  std::vector<SeriesStatus> series;
  std::vector<WorkerStatus> workers;
  std::vector<FailureStatus> failures;  // at most 20, latest first
};
DatabaseStatus LoadStatus(Database& db);

}  // namespace dse
