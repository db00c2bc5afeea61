#pragma once

#include <string>
#include <vector>

#include "db/lock_wait.h"
#include "db/status.h"

namespace dse {

// A file that a status was to be read from.
struct StatusSource {
  std::string path;
  std::string skipped;  // why it was not read this time; "" = it was
};

// The status of a results file together with its shards, FILE.shards/*.db: a run counts as it is
// where it is furthest (ended with a result, running, failed, pending), found by its key.
struct StudyStatus : DatabaseStatus {
  std::vector<StatusSource> files;  // the main file first
};

// Reads without ever writing: not even what a process that was killed left half-written is rolled
// back, nor an older file brought to this schema. Locks are held while it reads, of one shard at a
// time. The main file is waited for as `wait` says, a shard for a moment; a shard that is locked or
// cannot be read is skipped. Throws Error where the main file cannot be read.
StudyStatus LoadStudyStatus(const std::string& path, const LockWait& wait);

// The shards of a results file, by name.
std::vector<std::string> ShardPaths(const std::string& path);

}  // namespace dse
