#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace dse {

// What a number of tasks is proposed from.
struct TaskCountInput {
  int64_t missing = 1;                // runs, at least one
  std::optional<double> run_seconds;  // a run took so far, with one worker
  int workers = 1;                    // of a task
  std::optional<double> seconds;      // that a task works; empty = no limit
  int64_t places = 1;                 // tasks that the partition runs at once
};

struct TaskCount {
  int64_t tasks = 1;
  std::string reason;  // "60 missing runs of about 12m take 8 tasks of 2h"
};

// As many tasks as the missing runs fill for the whole of their time; no more than there are runs
// for their workers. Where nobody knows how long a run takes, or a task has no limit: as many as
// run at once.
TaskCount ProposeTasks(const TaskCountInput& input);

}  // namespace dse
