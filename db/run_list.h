#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "db/database.h"
#include "db/series.h"

namespace dse {

// Which runs a command is about: those that every list lets through; an empty list lets all
// through.
struct RunFilter {
  SeriesFilter series;
  std::vector<RunState> states;
  std::vector<std::string> models;  // hashes, or names of members
  std::vector<int64_t> seeds;
  std::vector<int64_t> ids;
  bool empty() const;
};

// What a run came to before it was made pending again: the last attempt that ended as done,
// diverged or out_of_memory.
struct EarlierResult {
  RunState state = RunState::kDone;
  std::optional<double> error;
};

// A run as people see it. Where several series or members share it, populations are all of theirs,
// the other names those of the first.
struct ListedRun {
  int64_t id = 0;
  std::string key;  // natural
  std::vector<std::string> populations;
  int64_t member = 0;  // index
  std::string model;   // name of the member, else the hash, "" without a model
  std::string hash;    // "" without a model
  std::string recipe;
  std::string dataset;
  int64_t seed = 0;
  RunState state = RunState::kPending;
  std::optional<double> error;       // percent
  std::optional<double> best_error;  // percent
  int64_t attempts = 0;
  std::optional<double> seconds;
  std::optional<double> img_per_s;
  std::string precision;
  std::string data_uri;  // that its images were read from last; "" if unknown
  std::string message;
  std::optional<EarlierResult> earlier;  // of runs that have no result now
};

// By id. Throws Error for a name or id that is not in the file and suggests the nearest name.
std::vector<ListedRun> ListRuns(Database& db, const RunFilter& filter);

}  // namespace dse
