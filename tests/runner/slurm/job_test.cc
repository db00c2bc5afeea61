#include "runner/slurm/job.h"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "tests/runner/slurm/fake_command.h"

namespace dse::job_test {
namespace {

const SlurmJob kJob{"mars", 1000, 17, 500, {}};

JobQueue QueueWith(int64_t id, const std::string& state, std::optional<int64_t> start) {
  QueuedJob job;
  job.array_id = 9;
  job.id = id;
  job.state = state;
  job.start = start;
  return {SlurmAnswer::kAnswered, "", {job}};
}

TEST_CASE("a job is taken for ended only where Slurm says so", "[slurm]") {
  const auto ended = [](const JobQueue& queue) {
    return CertainlyEnded(kJob, queue, "mars", 1000);
  };
  for (const char* state :
       {"RUNNING", "SUSPENDED", "COMPLETING", "STOPPED", "SIGNALING", "NEW_WORD"}) {
    CAPTURE(state);
    CHECK_FALSE(ended(QueueWith(17, state, 500)));
  }
  for (const char* state : {"COMPLETED", "CANCELLED", "FAILED", "TIMEOUT", "NODE_FAIL", "PREEMPTED",
                            "OUT_OF_MEMORY", "BOOT_FAIL", "DEADLINE"}) {
    CAPTURE(state);
    CHECK(ended(QueueWith(17, state, 500)));
  }
  CHECK(ended(QueueWith(17, "RUNNING", 501)));  // requeued, or another job of this number
  CHECK(ended(QueueWith(17, "PENDING", {})));
  CHECK_FALSE(ended(QueueWith(17, "RUNNING", {})));
  CHECK_FALSE(ended(QueueWith(17, "COMPLETING", 501)));
  CHECK(ended(QueueWith(18, "RUNNING", 500)));  // not known any more
  CHECK(ended({SlurmAnswer::kAnswered, "", {}}));
}

TEST_CASE("no answer, other users' jobs and other clusters are no end", "[slurm]") {
  CHECK_FALSE(CertainlyEnded(kJob, {SlurmAnswer::kSilent, "", {}}, "mars", 1000));
  CHECK_FALSE(CertainlyEnded(kJob, {SlurmAnswer::kRefused, "", {}}, "mars", 1000));
  CHECK_FALSE(CertainlyEnded(kJob, {SlurmAnswer::kNoSlurm, "", {}}, "mars", 1000));
  CHECK_FALSE(CertainlyEnded(kJob, {SlurmAnswer::kAnswered, "", {}}, "venus", 1000));
  CHECK_FALSE(CertainlyEnded(kJob, {SlurmAnswer::kAnswered, "", {}}, "", 1000));
  CHECK_FALSE(CertainlyEnded(kJob, {SlurmAnswer::kAnswered, "", {}}, "mars", 1001));  // hidden?
  CHECK(CertainlyEnded(kJob, QueueWith(17, "TIMEOUT", 500), "mars", 1001));
  SlurmJob unknown_start = kJob;
  unknown_start.start = {};
  CHECK_FALSE(CertainlyEnded(unknown_start, QueueWith(17, "RUNNING", 501), "mars", 1000));
}

// Prints a job in the format it is asked for.
constexpr const char* kSqueue = R"(
for word; do case $word in --format=*) format=${word#--format=};; --jobs=*) jobs=${word#--jobs=};; esac; done
[ "$jobs" = 17 ] || { echo "slurm_load_jobs error: Invalid job id specified" >&2; exit 1; }
s=${format%%%*}
for field in 9 1 18 RUNNING None low ann 1 2 x; do printf '%s%s' "$s" "$field"; done; echo
for field in 9 2 17 RUNNING None low ann 500 600 x; do printf '%s%s' "$s" "$field"; done; echo)";

TEST_CASE("a process in a job knows number, cluster, start and end of it", "[slurm]") {
  const FakeCommand squeue("squeue", kSqueue);
  unsetenv("SLURM_JOB_ID");
  CHECK_FALSE(ThisSlurmJob());
  setenv("SLURM_JOB_ID", "17", 1);
  setenv("SLURM_CLUSTER_NAME", "mars", 1);
  const std::optional<SlurmJob> job = ThisSlurmJob();
  setenv("SLURM_JOB_END_TIME", "700", 1);
  const std::optional<SlurmJob> told = ThisSlurmJob();
  SlurmJob other = kJob;
  other.user = job->user;
  other.id = 99;
  const std::vector<bool> ended = WhichEnded(std::vector<SlurmJob>{other});
  for (const char* name : {"SLURM_JOB_ID", "SLURM_CLUSTER_NAME", "SLURM_JOB_END_TIME"})
    unsetenv(name);
  REQUIRE(job);
  CHECK(job->id == 17);
  CHECK(job->cluster == "mars");
  CHECK(job->start == 500);
  CHECK(job->end == 600);
  CHECK(told->end == 700);
  CHECK(told->start == 500);
  CHECK(ended == std::vector<bool>{true});
}

}  // namespace
}  // namespace dse::job_test
