#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "db/shard.h"
#include "db/sqlite/sqlite.h"

namespace dse {

// A run of a plan that a shard shall hold.
struct ShardRun {
  int64_t place = 0;                  // in the plan, which counts each run once
  uint64_t number = 0;                // db/rows/shard_number.h
  const WantedRun* wanted = nullptr;  // the first of its members
  std::string key;                    // that the run has in the study's file, or will have
};

// The runs that a study's file wants of a shard.
struct ShardSelection {
  std::vector<std::string> plan;  // RunKey of every run, each once, in order
  std::vector<ShardRun> runs;     // of the part, without those that are final or held
  std::vector<std::pair<int64_t, std::string>> members;  // row id in the study's file, run's key
  int64_t held = 0;
};
// `wanted` must outlive the result. Throws Error where the study's file is a shard itself, and
// where its dataset would take over older runs.
ShardSelection SelectShardRuns(Database& file, const WantedRuns& wanted, const ShardPart& part);

// Fills temp.shard_runs(place, key, model, recipe, seed) and temp.shard_members(member_id, key).
void FillShardTables(sqlite::Connection& shard, const ShardSelection& selection);

// The next three are within a transaction of the shard, with the study's file attached as `file`.

// Copies the runs in the temporary tables, with all that they need; those that are there stay.
// Answers how many were new.
int64_t CopyShardRuns(sqlite::Connection& shard, const WantedRuns& wanted);
// Runs that the study's file wants again, although it has what they came to here.
void ReopenShardRuns(sqlite::Connection& shard);
// Runs with attempts whose end the study's file does not have, by what they are (RunKey), also
// where a dataset took them over.
std::vector<std::string> UnmergedRuns(sqlite::Connection& shard);

void WriteShardMark(sqlite::Connection& shard, const ShardMark& mark);

}  // namespace dse
