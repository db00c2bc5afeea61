#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "db/merge.h"

namespace dse {

// Copies a file whole, under a temporary name until it is (core/durable_file.h). Throws Error.
void CopyDurably(const std::string& from, const std::string& to);

// The files of merged runs, in the folders of a shard and of the study's file (run_files.h).
struct ShardFolders {
  std::string shard;
  std::string study;
};

// Weights of results that the study's file shows, and checkpoints of runs that are open there,
// which lie with the shard.
int64_t CountShardFiles(const ShardFolders& folders, const std::vector<MergedRun>& runs);

// Removes checkpoints in the study's folder of runs that got the shard's result.
void RemoveStaleCheckpoints(const std::string& folder, const std::vector<MergedRun>& runs);

// Moves those to the study's folder, across file systems too: a file is whole under its new name
// before it is gone under the old one, so whatever moment a kill chooses, the same call moves the
// rest. A checkpoint there that is newer stays. Answers how many files. Throws Error, the machine's
// fault, that names what cannot be.
int64_t MoveShardFiles(const ShardFolders& folders, const std::vector<MergedRun>& runs);

// Weights of results that others are about to replace get the name of their attempt
// (ReplacedWeightsPath) too, where the file system can.
void NameReplacedWeights(const std::string& folder, const std::vector<ReplacedResult>& replaced);
// When the results are replaced: their weights have that name alone. `now` was given to the above;
// of `ever` replaced ones, what a call that was killed between the two left is made good.
void SetWeightsAside(const std::string& folder, const std::vector<ReplacedResult>& now,
                     const std::vector<ReplacedResult>& ever);

}  // namespace dse
