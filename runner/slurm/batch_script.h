#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dse {

// What the shards of a database need besides (`dse train --shard`).
struct ShardedJob {
  std::string folder;  // absolute; the shard of task K is K.db in it
  int64_t total = 1;   // tasks of the whole submission
  int64_t first = 0;   // task 0 of this array has this shard
};

// An array of jobs, each of which is a `dse train` on one database.
struct BatchJob {
  std::string program;     // absolute path of dse
  std::string database;    // absolute path
  std::string folder;      // that the tasks work in, absolute: options may name files in it
  std::string log_folder;  // absolute, exists
  int64_t tasks = 1;       // of this array
  std::optional<std::string> partition, gres, memory, account;
  std::optional<int> cpus, gpus;     // of a task
  std::optional<int64_t> seconds;    // limit of time
  int64_t signal_seconds = 120;      // before the limit a task is told
  std::vector<std::string> more;     // options of sbatch, a line each
  std::string before;                // lines of shell ahead of the work
  std::vector<std::string> train;    // options of `dse train` but --db
  std::optional<ShardedJob> shards;  // empty: the tasks share the database
};

// The script, for sbatch and for people. Nothing but `before` is read by a shell as anything but
// words (core/shell_word.h). Throws Error for a value that cannot stand in a line of options: one
// with what is no text to be shown (core/printable.h) or a backslash, which Slurm takes for one of
// its own, and options in `more` that the script sets itself.
std::string BatchScript(const BatchJob& job);

// The script of the job that takes the shards of a job into the database when its arrays, of these
// ids, have ended. It gets the same lines ahead of its work, and what is in `more`.
std::string MergeScript(const BatchJob& job, const std::vector<std::string>& after);

// How long a merge waits for a shard whose task was killed: longer than a lease (`--wait`).
inline constexpr const char* kMergeWait = "5m";

// How long before its limit a job is told: a tenth of the limit, 20 to 120 seconds.
int64_t SignalSeconds(std::optional<int64_t> limit);

}  // namespace dse
