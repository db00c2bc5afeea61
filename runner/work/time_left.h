#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "db/claims.h"
#include "db/database.h"
#include "db/run_times.h"
#include "runner/slurm/job.h"

namespace dse {

// Seconds that a network of so many flops is expected to train for, by the finished runs nearest to
// it in size, whose times are scaled by flops; the longest of these counts. Empty where none
// finished.
std::optional<double> ExpectedSeconds(int64_t flops, std::vector<RunTime> finished);

// Whether runs still fit into the time of a batch job. One for each worker.
class TimeLeft {
 public:
  // Without a job, or a limit of its time, there is always time. A run has to be done before the
  // job is told that its end is near.
  explicit TimeLeft(const std::optional<SlurmJob>& job);

  // Of a claimed run, by what is left of it after its last epoch. The first run that is asked for
  // is started in any case, else one that is longer than a whole job would never go on. Without a
  // finished run of its series every run fits while there is time.
  bool Fits(Database& db, const ClaimedRun& run);

 private:
  std::optional<double> end_;  // seconds since 1970
  bool first_ = true;
};

}  // namespace dse
