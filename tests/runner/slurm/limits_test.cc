#include "runner/slurm/limits.h"

#include <catch2/catch.hpp>

#include "core/error.h"
#include "runner/slurm/task_count.h"
#include "runner/slurm/task_spread.h"
#include "tests/runner/slurm/fake_command.h"

namespace dse::limits_test {
namespace {

TEST_CASE("limits of time are read as Slurm and as people write them", "[slurm]") {
  CHECK(ParseSlurmTime("90") == 90 * 60);
  CHECK(ParseSlurmTime("90:30") == 90 * 60 + 30);
  CHECK(ParseSlurmTime("1:30:00") == 5400);
  CHECK(ParseSlurmTime("2-12") == 60 * 3600);
  CHECK(ParseSlurmTime("2-12:30") == 60 * 3600 + 1800);
  CHECK(ParseSlurmTime("1-00:00:01") == 86401);
  CHECK(ParseSlurmTime("90m") == 5400);
  CHECK(ParseSlurmTime("2h") == 7200);
  CHECK(ParseSlurmTime("30s") == 30);
  CHECK(ParseSlurmTime("1d") == 86400);
  for (const char* text :
       {"", "0", "x", "1:2:3:4", "-5", "1-", "2 h", "99999999999999999999", "1h30"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(ParseSlurmTime(text), Error);
  }
  CHECK(FormatSlurmTime(5400) == "0-01:30:00");
  CHECK(FormatSlurmTime(30) == "0-00:01:00");
  CHECK(FormatSlurmTime(90000) == "1-01:00:00");
}

// Lines of scontrol 22.05 in part.
constexpr const char* kPartitions =
    "PartitionName=low AllowGroups=ALL Default=YES MaxTime=UNLIMITED DefaultTime=NONE State=UP "
    "TotalCPUs=2 TotalNodes=1 TRES=cpu=2,mem=4000M,node=1,billing=2\n"
    "PartitionName=gpu AllowGroups=ALL Default=NO MaxTime=1-00:00:00 DefaultTime=01:00:00 State=UP "
    "TotalCPUs=128 TotalNodes=2 TRES=cpu=128,mem=4000M,node=2,gres/gpu=8,gres/gpu:a100=8\n"
    "PartitionName=old Default=NO MaxTime=60 State=DRAIN TotalCPUs=1 TotalNodes=1 TRES=cpu=1\n";

TEST_CASE("partitions are read and the jobs' is chosen with its limits", "[slurm]") {
  ClusterLimits limits;
  limits.partitions = ParsePartitions(kPartitions);
  REQUIRE(limits.partitions.size() == 3);
  CHECK(limits.partitions[0].is_default);
  CHECK_FALSE(limits.partitions[0].max_seconds);
  CHECK_FALSE(limits.partitions[0].default_seconds);
  CHECK(limits.partitions[0].gpus == 0);
  CHECK(limits.partitions[1].gpus == 8);
  CHECK(limits.partitions[1].cpus == 128);
  CHECK(limits.partitions[1].nodes == 2);
  CHECK(limits.partitions[1].max_seconds == 86400);
  CHECK(limits.partitions[1].default_seconds == 3600);
  CHECK(ChoosePartition(limits, {}, {}).name == "low");
  CHECK(ChoosePartition(limits, "gpu", 86400).name == "gpu");
  CHECK_THROWS_WITH(ChoosePartition(limits, "gpu", 86401), Catch::Contains("1-00:00:00"));
  CHECK_THROWS_WITH(ChoosePartition(limits, "gpus", {}), Catch::Contains("did you mean 'gpu'"));
  CHECK_THROWS_WITH(ChoosePartition(limits, "old", {}), Catch::Contains("DRAIN"));
  limits.partitions[0].is_default = false;
  CHECK_THROWS_WITH(ChoosePartition(limits, {}, {}), Catch::Contains("--partition"));
}

TEST_CASE("nodes that are down, drained or silent cannot take jobs", "[slurm]") {
  const FakeCommand sinfo("sinfo",
                          "echo '2 idle'; echo '1 mixed'; echo '4 down'; echo '8 drained'; "
                          "echo '16 idle*'; echo '32 draining'; echo '64 allocated'");
  CHECK(UsableNodes("gpu") == 2 + 1 + 64);
}

TEST_CASE("the limits of a cluster come from scontrol", "[slurm]") {
  const FakeCommand scontrol("scontrol",
                             "if [ \"$2\" = config ]; then echo 'ClusterName             = mars'; "
                             "echo 'MaxArraySize            = 501'; else printf '%s' '" +
                                 std::string(kPartitions) + "'; fi");
  const ClusterLimits limits = ReadLimits();
  CHECK(limits.answer == SlurmAnswer::kAnswered);
  CHECK(limits.cluster == "mars");
  CHECK(limits.max_array == 501);
  CHECK(limits.partitions.size() == 3);
}

TEST_CASE("as many tasks are proposed as the missing runs fill, and it is said why", "[slurm]") {
  TaskCountInput input;
  input.missing = 500;
  input.places = 8;
  CHECK(ProposeTasks(input).tasks == 8);
  CHECK_THAT(ProposeTasks(input).reason, Catch::Contains("no finished one"));
  input.run_seconds = 1800;
  CHECK(ProposeTasks(input).tasks == 8);
  CHECK_THAT(ProposeTasks(input).reason, Catch::Contains("no limit of time"));
  input.seconds = 12 * 3600;  // 24 runs a task
  CHECK(ProposeTasks(input).tasks == 21);
  CHECK_THAT(ProposeTasks(input).reason, Catch::Contains("500 missing runs of about 30m"));
  input.workers = 2;
  CHECK(ProposeTasks(input).tasks == 11);
  input.run_seconds = 100 * 3600;  // goes on in later tasks
  CHECK(ProposeTasks(input).tasks == 250);
  input.missing = 1;
  CHECK(ProposeTasks(input).tasks == 1);
}

TEST_CASE("a number of tasks that leaves one with most of what is missing gives way", "[slurm]") {
  std::vector<uint64_t> all, lost;  // of a study, and of its fourth task of eight
  for (uint64_t number = 1; number <= 480; ++number) {
    all.push_back(number);
    if (number % 8 == 3) lost.push_back(number);
  }
  CHECK(FindEvenSpread(all, 8).tasks == 8);
  CHECK(SpreadOver(lost, 8).fullest == 60);
  CHECK(FindEvenSpread(lost, 8).tasks == 9);
  CHECK(FindEvenSpread(lost, 8).fullest == 7);
  CHECK(FindEvenSpread(lost, 16).tasks == 17);
  CHECK(FindEvenSpread(lost, 2).tasks == 3);
  CHECK(FindEvenSpread(lost, 1).tasks == 1);
  // Twelve multiples of 90 are in one part of 9 and of 10, and in four of 8.
  std::vector<uint64_t> nineties;
  for (uint64_t i = 1; i <= 12; ++i) nineties.push_back(90 * i);
  CHECK(FindEvenSpread(nineties, 9).tasks == 8);
  CHECK(FindEvenSpread(nineties, 9).fullest == 3);
  // One run more than a share is no reason.
  const std::vector<uint64_t> few{1, 9, 2, 3};
  CHECK(FindEvenSpread(few, 8).tasks == 8);
  CHECK(SpreadOver({}, 8).fullest == 0);
}

}  // namespace
}  // namespace dse::limits_test
