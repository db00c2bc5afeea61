#include "runner/slurm/task_count.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "core/units.h"

namespace dse {

TaskCount ProposeTasks(const TaskCountInput& input) {
  const int64_t workers = std::max(1, input.workers);
  const int64_t most = (input.missing + workers - 1) / workers;
  const int64_t places = std::clamp<int64_t>(input.places, 1, most);
  if (!input.run_seconds) {
    return {places, fmt::format("{} missing runs, no finished one to tell their time from, and "
                                "room for {} tasks at once",
                                input.missing, input.places)};
  }
  const std::string each = FormatDuration(*input.run_seconds);
  if (!input.seconds) {
    return {places, fmt::format("{} missing runs of about {}, no limit of time, and room for {} "
                                "tasks at once",
                                input.missing, each, input.places)};
  }
  // A run that does not fit into what is left is not started, so whole runs count; one that is
  // longer than a task goes on in the next.
  const double fitting = std::max(1.0, std::floor(*input.seconds / *input.run_seconds));
  const double needed = std::ceil(double(input.missing) / (fitting * double(workers)));
  const auto tasks = static_cast<int64_t>(std::clamp(needed, 1.0, double(most)));
  return {tasks,
          fmt::format("{} missing runs of about {}, {:.0f} in the {} of a task{}", input.missing,
                      each, fitting * double(workers), FormatDuration(*input.seconds),
                      input.places < tasks
                          ? fmt::format("; {} run at once", std::max<int64_t>(1, input.places))
                          : "")};
}

}  // namespace dse
