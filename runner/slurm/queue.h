#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runner/slurm/commands.h"

namespace dse {

// A job in Slurm's queue, of an array one for each task.
struct QueuedJob {
  int64_t array_id = 0;         // what sbatch answered; of a job that is no array its own id
  std::optional<int64_t> task;  // of an array
  int64_t id = 0;
  std::string state;   // Slurm's word: "PENDING", "RUNNING", "COMPLETING", ...
  std::string reason;  // why it waits: "Resources"; "None" else
  std::string partition;
  std::string user;
  std::string comment;
  std::optional<int64_t> start;  // seconds since 1970; of a waiting job when it may start
  std::optional<int64_t> end;    // the latest, by its limit of time

  // "17_3", or "17" of a job that is no array.
  std::string Name() const;
  bool Waits() const { return state == "PENDING"; }
};

// What Slurm says of its jobs. "No jobs" is an empty list of a queue that answered.
struct JobQueue {
  SlurmAnswer answer = SlurmAnswer::kAnswered;
  std::string error;  // why there is no answer
  std::vector<QueuedJob> jobs;
};

// Jobs that wait or run, of all users; with `ended` also those that ended a while ago, as long as
// the controller remembers them (MinJobAge, mostly five minutes).
JobQueue ReadQueue(bool ended = false, double seconds = 30);

// Jobs of these ids, also those that ended and are remembered; those that Slurm does not know are
// left out. The id of an array stands for all of its tasks.
JobQueue ReadJobs(std::span<const int64_t> ids, double seconds = 30);

// The comment that jobs for a database carry: "dse:" and its absolute path, links followed, with
// '%' and control characters as %XX.
std::string JobComment(const std::string& database);

// The jobs of the queue that carry it.
JobQueue JobsOf(const std::string& database, double seconds = 30);

// The format that squeue is asked for, and what it printed in it. `separator` stands before each
// job and field; nobody else knows it, so no name or comment can look like a field.
std::string QueueFormat(std::string_view separator);
std::vector<QueuedJob> ParseQueue(std::string_view text, std::string_view separator);

}  // namespace dse
