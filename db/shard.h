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

// The runs whose number (db/rows/shard_number.h) leaves `index` when divided by `count`. It depends
// on nothing but the run: where a plan grows while others train parts of it, no run changes its
// part.
struct ShardPart {
  int64_t index = 0;  // below count
  int64_t count = 1;
};

// What a shard was made for.
struct ShardMark {
  std::string file;   // absolute path of the study's file
  std::string place;  // the same as seen from the shard's folder
  ShardPart part;
};
// Empty for a file that is no shard.
std::optional<ShardMark> ReadShardMark(Database& db);

struct ShardSummary {
  bool made = false;              // the shard did not exist before
  std::vector<std::string> keys;  // RunKey of its runs that the study's file has no result of
  std::vector<std::string> stored_keys;  // the natural keys these have, older ones where a dataset
                                         // took its runs over
  std::vector<std::string> populations;  // that these belong to
  int64_t held = 0;   // runs left to who trains them into the study's file itself
  int64_t added = 0;  // runs of this part that the plan has since the shard was made
};

// Makes the shard at `path` of what `file` holds, which is only read (OpenMode::kUntouched), or
// takes one that is there. It takes its name when all of it is there; several processes may do so
// at once.
//
// Runs that the plan has since then are taken in; runs that were made pending again in `file` are
// so in the shard too. One that was made for another part becomes one of this part if `file` has
// all that was trained in it, one with runs that the plan does not have if `file` has all that was
// trained of those. Throws Error, changing nothing, for a shard of another file, one with results
// that `file` should have had, a results file that is no shard, a `file` that is one itself, and
// one whose runs a dataset would have to take over first (db/rows/adoption.h).
ShardSummary OpenShard(const std::string& file, const WantedRuns& wanted, const ShardPart& part,
                       const std::string& path);

// The wanted runs that a new shard would hold.
WantedRuns ChoosePart(const std::string& file, const WantedRuns& wanted, const ShardPart& part);

// Of all wanted runs that shards would hold, the numbers that their part follows from.
std::vector<uint64_t> OpenRunNumbers(const std::string& file, const WantedRuns& wanted);

}  // namespace dse
