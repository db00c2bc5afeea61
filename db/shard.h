#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "db/database.h"
#include "db/plan.h"

namespace dse {

// A shard is a results file of its own for one part of a study's runs. Only one task trains into
// it, while the study's file is only read; db/merge.h brings it back. It holds its runs with their
// members and networks under the same natural keys, and what became of them in it: no attempts or
// epochs of the study's file, so it is small whatever the size of that.

// The runs whose ordinal in the plan, counting each run once, leaves `index` when divided by
// `count`.
struct ShardPart {
  int64_t index = 0;  // below count
  int64_t count = 1;
};

// What a shard was made for.
struct ShardMark {
  std::string file;   // absolute path of the study's file
  std::string place;  // the same as seen from the shard's folder
  ShardPart part;
  int64_t runs = 0;  // of the whole plan
  std::string plan;  // short hash of their keys
};
// Empty for a file that is no shard.
std::optional<ShardMark> ReadShardMark(Database& db);

struct ShardSummary {
  bool made = false;              // the shard did not exist before
  std::vector<std::string> keys;  // RunKey of its runs that the study's file has no result of
  std::vector<std::string> stored_keys;  // the natural keys these have, older ones where a dataset
                                         // took its runs over
  std::vector<std::string> populations;  // that these belong to
  int64_t held = 0;       // runs left to who trains them into the study's file itself
  int64_t added = 0;      // runs that the plan has since the shard was made
  int64_t elsewhere = 0;  // runs of this part that were not taken in: another shard may have them
};

// Makes the shard at `path` of what `file` holds, which is only read (OpenMode::kUntouched), or
// takes one that is there. It takes its name when all of it is there; several processes may do so
// at once.
//
// One that was made for another part or plan gets this one if `file` has all that was trained in
// it; runs that were made pending again in `file` since then are so in the shard too. Runs that a
// longer plan has at its end are taken in. Throws Error, changing nothing, for a shard of another
// file, one with results that `file` does not have, a results file that is no shard, a `file` that
// is one itself, and one whose runs a dataset would have to take over first (db/rows/adoption.h).
ShardSummary OpenShard(const std::string& file, const WantedRuns& wanted, const ShardPart& part,
                       const std::string& path);

// The wanted runs that a new shard would hold.
WantedRuns ChoosePart(const std::string& file, const WantedRuns& wanted, const ShardPart& part);

}  // namespace dse
