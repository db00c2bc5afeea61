#include "runner/work/ended_jobs.h"

namespace dse {

void TellOwnersOf(const std::optional<SlurmJob>& job) {
  if (job) Owner::SetJob({job->cluster, job->user, job->id, job->start});
}

std::vector<bool> EndedInTheirJobs(std::span<const Owner> owners) {
  std::vector<SlurmJob> jobs;
  for (const Owner& owner : owners) {
    const OwnerJob job = owner.job().value_or(OwnerJob());
    jobs.push_back({job.cluster, job.user, job.id, job.start, {}});
  }
  return WhichEnded(jobs);
}

}  // namespace dse
