#pragma once

#include <string>
#include <vector>

#include "db/shard.h"
#include "runner/work/train.h"

namespace dse {

// A call of `dse train` that trains one part of a study into a shard.
struct ShardRequest {
  ShardPart part;
  std::string path;  // "" = ShardPath
};

// Where the shards of a study lie unless told otherwise: DATABASE.shards/INDEX.db beside the file
// itself, links followed.
std::string ShardPath(const std::string& db_path, int64_t index);

// Erases the wanted runs that have none of these keys (RunKey).
void KeepOnly(const std::vector<std::string>& keys, WantedRuns& wanted);

// Opens the shard (OpenShard) of what `request`, of the study's file, wants, and turns the request
// into one of the shard: its database, populations and runs. Checkpoints of its runs that lie with
// the study's file, in `request.work_dir` or FILE.d, are copied to those of the shard where it has
// none, so that what was begun there goes on here.
ShardSummary EnterShard(const ShardRequest& shard, const WantedRuns& wanted, TrainRequest& request);

// What is to be said of a shard, "" if nothing.
std::string TellShard(const ShardSummary& summary, const std::string& file);

}  // namespace dse
