#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runner/slurm/queue.h"

namespace dse {

// A job as a process in it knows it. A requeued job keeps its id, and ids are used again, so the
// time of its start belongs to it.
struct SlurmJob {
  std::string cluster;
  int64_t user = 0;  // uid
  int64_t id = 0;
  std::optional<int64_t> start, end;  // seconds since 1970; end by its limit of time
  friend bool operator==(const SlurmJob&, const SlurmJob&) = default;
};

// The job that this process runs in, by SLURM_JOB_ID; what the environment does not tell, Slurm is
// asked. Empty outside of one.
std::optional<SlurmJob> ThisSlurmJob();

// Whether Slurm's queue, with the jobs that ended, says that this job has certainly ended: it is in
// a state of an end, has started again since, waits to, or is not known any more to a queue that
// shows all jobs of its user (who asks is `user`). No answer, another cluster and any other state
// are not an end.
bool CertainlyEnded(const SlurmJob& job, const JobQueue& queue, const std::string& cluster,
                    int64_t user);

// For each of the jobs, whether it has certainly ended; Slurm is asked once, none of them if there
// is none of this cluster.
std::vector<bool> WhichEnded(std::span<const SlurmJob> jobs);

}  // namespace dse
