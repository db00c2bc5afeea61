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
// where it is furthest (ended with a result, running, failed, pending), found by its key; also one
// that only a shard has. What the file itself has of an attempt is not told again by its shard.
struct StudyStatus : DatabaseStatus {
  std::vector<StatusSource> files;  // the main file first
  double read_seconds = 0;          // that reading them took, without waiting for locks
};

// Reads without ever writing: not even what a process that was killed left half-written is rolled
// back, nor an older file brought to this schema. Locks are held while it reads, of one shard at a
// time. The main file is waited for as `wait` says, a shard for a moment; a shard that is locked or
// cannot be read is skipped. Throws Error where the main file cannot be read.
StudyStatus LoadStudyStatus(const std::string& path, const LockWait& wait);

// The shards of a results file, by name.
std::vector<std::string> ShardPaths(const std::string& path);

}  // namespace dse
