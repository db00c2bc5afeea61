#include "runner/slurm/job.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include "runner/slurm/limits.h"

namespace dse {
namespace {

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::optional<int64_t> NumberIn(const char* name) {
  const std::string text = Variable(name);
  int64_t number = 0;
  const auto [stop, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || code != std::errc() || *stop != '\0' || number <= 0) return {};
  return number;
}

constexpr std::array<std::string_view, 9> kEnds{"COMPLETED", "CANCELLED", "FAILED",
                                                "TIMEOUT",   "NODE_FAIL", "PREEMPTED",
                                                "BOOT_FAIL", "DEADLINE",  "OUT_OF_MEMORY"};

// Of the cluster that commands here ask; "" where they do not tell.
std::string ClusterHere() {
  const std::string name = Variable("SLURM_CLUSTER_NAME");
  return name.empty() ? ReadLimits().cluster : name;
}

}  // namespace

std::optional<SlurmJob> ThisSlurmJob() {
  const std::optional<int64_t> id = NumberIn("SLURM_JOB_ID");
  if (!id) return {};
  SlurmJob job;
  job.cluster = Variable("SLURM_CLUSTER_NAME");
  job.user = getuid();
  job.id = *id;
  job.start = NumberIn("SLURM_JOB_START_TIME");
  job.end = NumberIn("SLURM_JOB_END_TIME");
  if (job.start && job.end) return job;
  for (const QueuedJob& other : ReadJobs(std::vector<int64_t>{*id}).jobs) {
    if (other.id != *id) continue;  // another task of its array
    if (!job.start) job.start = other.start;
    if (!job.end) job.end = other.end;
  }
  return job;
}

bool CertainlyEnded(const SlurmJob& job, const JobQueue& queue, const std::string& cluster,
                    int64_t user) {
  if (queue.answer != SlurmAnswer::kAnswered || job.cluster.empty() || job.cluster != cluster) {
    return false;
  }
  const auto found =
      std::ranges::find_if(queue.jobs, [&](const QueuedJob& other) { return other.id == job.id; });
  // Jobs of other users may be hidden.
  if (found == queue.jobs.end()) return job.user == user;
  if (found->state == "COMPLETING") return false;  // its processes may still be there
  if (std::ranges::find(kEnds, found->state) != kEnds.end()) return true;
  if (found->state == "PENDING") return true;  // requeued, or another job of this number
  return job.start && found->start && *job.start != *found->start;
}

std::vector<bool> WhichEnded(std::span<const SlurmJob> jobs) {
  std::vector<bool> ended(jobs.size(), false);
  const std::string cluster = jobs.empty() ? "" : ClusterHere();
  std::vector<int64_t> ids;
  for (const SlurmJob& job : jobs) {
    if (!cluster.empty() && job.cluster == cluster) ids.push_back(job.id);
  }
  if (ids.empty()) return ended;
  const JobQueue queue = ReadJobs(ids);
  for (size_t i = 0; i < jobs.size(); ++i) {
    ended[i] = CertainlyEnded(jobs[i], queue, cluster, getuid());
  }
  return ended;
}

}  // namespace dse
