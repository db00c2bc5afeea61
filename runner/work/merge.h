#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "db/merge.h"

namespace dse {

// What `dse merge` was asked for.
struct MergeRequest {
  std::string db_path;
  std::vector<std::string> shards;  // files, and folders that stand for every *.db in them
  Prefer prefer = Prefer::kNeither;
  bool move_files = false;  // checkpoints and weights of the shards' runs too
  std::string work_dir;     // that they are moved to; "" = DATABASE.d
  double wait_seconds = 0;  // for shards that are in use
};

// What became of one shard.
struct MergedShard {
  std::string path;
  MergeSummary rows;
  int64_t moved = 0;   // files
  int64_t left = 0;    // files beside the shard that belong to what the database shows
  std::string in_use;  // why it was left alone; "" = it was merged
  bool complete() const {
    return in_use.empty() && rows.busy == 0 && rows.conflicts.empty() && rows.properties.empty();
  }
};

// Brings shards into the database one by one; a call that was killed is simply made again. Throws
// Error before anything is changed where a shard is missing, no results file, of a newer schema,
// damaged, or the database itself, and where populations of one name differ. Shards in use are left
// alone. `on_shard` is told of each when it is done, and `on_wait` once before one is waited for.
std::vector<MergedShard> MergeShards(const MergeRequest& request,
                                     const std::function<void(const MergedShard&)>& on_shard,
                                     const std::function<void(const std::string&)>& on_wait);

// "12 results, 3 new runs, 15 attempts with 30 epochs", or "nothing new", for people.
std::string TellMerged(const MergeSummary& rows);
// "run 7 (0123456789abcdef, cifar, seed 0): done with 12.5% here, done with 13% in SHARD".
std::string TellConflict(const MergeConflict& conflict);
// "member 3 of population 'p': acts 1.5 here, 2 there".
std::string TellConflict(const PropertyConflict& conflict);

}  // namespace dse
