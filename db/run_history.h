#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "db/database.h"
#include "db/evaluations.h"

namespace dse {

struct RunAttempt {
  int64_t attempt = 0;
  std::string host;
  std::string device;
  double started_at = 0;           // seconds since 1970
  std::optional<double> ended_at;  // absent while it goes on
  std::string outcome;             // "" while it goes on
  std::optional<double> error;
  std::optional<double> best_error;
  std::string message;
};
struct RunEpoch {
  int64_t attempt = 0;
  EpochRecord epoch;
};
struct RunEvaluation {
  std::string data;  // URI
  Evaluation result;
};
struct RunHistory {
  std::vector<RunAttempt> attempts;
  std::vector<RunEpoch> epochs;  // by attempt and epoch
  std::vector<RunEvaluation> evaluations;
};
// Everything that became of one run.
RunHistory LoadRunHistory(Database& db, int64_t run_id);

}  // namespace dse
