#include <catch2/catch.hpp>

#include "tests/cli/fake_cluster.h"
#include "tests/cli/program.h"

namespace dse {
namespace {

size_t Count(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST_CASE("submit gives what is missing to Slurm in arrays that it allows", "[cli]") {
  if (!HasTorch()) return;
  const TempFolder folder;
  const std::string db = SmallStudy(folder, "RegNetX", "10");
  const FakeCluster cluster;
  const ProcessResult dry = Dse({"submit", "--db", db, "--tasks", "3", "--dry-run", "--", "--data",
                                 "synthetic", "--recipe", "smoke"});
  INFO(dry.err);
  CHECK(dry.code == 0);
  CHECK_THAT(dry.out, Catch::StartsWith("#!/bin/bash\n"));
  CHECK_THAT(dry.out, Catch::Contains("#SBATCH --array=0-2\n"));
  CHECK_THAT(dry.err, Catch::Contains("10 missing"));
  CHECK(cluster.submitted().empty());

  const ProcessResult result =
      Dse({"submit", "--db", db, "--tasks", "6", "--", "--data", "synthetic", "--recipe", "smoke"});
  INFO(result.err);
  CHECK(result.code == 0);
  CHECK(Count(result.out, "job 17: ") == 2);
  CHECK_THAT(cluster.submitted(),
             Catch::Contains("#SBATCH --array=0-3\n") && Catch::Contains("#SBATCH --array=0-1\n"));
  CHECK_THAT(RunProcess({"cat", db + ".slurm/train-1.sh"}).out, Catch::Contains("--array=0-3"));
  CHECK(Query(db, "SELECT count(*) FROM runs") == "0");  // planned by the tasks
}

TEST_CASE("tasks with shards are followed by a job that merges them", "[cli]") {
  if (!HasTorch()) return;
  const TempFolder folder;
  const std::string db = SmallStudy(folder, "RegNetX", "4");
  const FakeCluster cluster;
  const ProcessResult result = Dse({"submit", "--db", db, "--tasks", "2", "--shared-file", "no",
                                    "--", "--data", "synthetic", "--recipe", "smoke"});
  INFO(result.err);
  CHECK(result.code == 0);
  CHECK_THAT(cluster.submitted(), Catch::Contains("--shard \"$shard/2\"") &&
                                      Catch::Contains("--dependency=afterany:17\n"));
}

TEST_CASE("the number of tasks counts the workers that each will have", "[cli]") {
  if (!HasTorch()) return;
  const TempFolder folder;
  const std::string db = SmallStudy(folder, "RegNetX", "4");
  FakeCluster cluster;
  const auto submit = [&](Words options, const Words& workers) {
    options.insert(options.begin(), {"submit", "--db", db, "--dry-run"});
    options.insert(options.end(), {"--", "--data", "synthetic", "--recipe", "smoke"});
    options.insert(options.end(), workers.begin(), workers.end());
    const ProcessResult result = Dse(options);
    INFO(result.err);
    CHECK(result.code == 0);
    return result.out;
  };
  cluster.commands().Add(
      "scontrol",
      "case $2 in config) echo 'ClusterName = mars' ;; *) echo 'PartitionName=low "
      "Default=YES MaxTime=10-00:00:00 DefaultTime=00:05:00 State=UP "
      "TotalCPUs=64 TotalNodes=1' ;; esac");
  CHECK_THAT(submit({}, {"--workers", "auto"}), Catch::Contains("--array=0-3\n"));
  CHECK_THAT(submit({"--cpus", "2"}, {"--workers", "auto"}), Catch::Contains("--array=0-1\n"));
  CHECK_THAT(submit({"--gpus-per-task", "1"}, {"--workers-per-gpu", "2"}),
             Catch::Contains("--array=0-1\n"));
  CHECK_THAT(submit({"--gres", "gpu:2"}, {"--workers-per-gpu", "2"}),
             Catch::Contains("--array=0-0\n"));
  // Without --time a task has the partition's default.
  CHECK_THAT(submit({}, {}), Catch::Contains("--signal=B:USR1@30\n"));
  CHECK_THAT(submit({"--time", "2d"}, {}), Catch::Contains("--signal=B:USR1@120\n"));
}

TEST_CASE("tasks whose merging job is refused are told of", "[cli]") {
  if (!HasTorch()) return;
  const TempFolder folder;
  const std::string db = SmallStudy(folder, "RegNetX", "2");
  FakeCluster cluster;
  cluster.commands().Add("sbatch", "grep -q afterany \"$2\" && exit 1; echo 17");
  const ProcessResult result = Dse({"submit", "--db", db, "--tasks", "2", "--shared-file", "no",
                                    "--", "--data", "synthetic", "--recipe", "smoke"});
  INFO(result.err);
  CHECK(result.code == 1);
  CHECK_THAT(result.out, Catch::Contains("job 17: 2 tasks"));
  CHECK_THAT(result.err, Catch::Contains("the tasks run") && Catch::Contains("dse merge --db "));
}

TEST_CASE("what is wrong with a submission is said before anything is submitted", "[cli]") {
  if (!HasTorch()) return;
  const TempFolder folder;
  const std::string db = SmallStudy(folder, "RegNetX", "2");
  FakeCluster cluster;
  const auto check = [&](int code, const std::string& words, Words options,
                         Words train = {"--data", "synthetic"}) {
    options.insert(options.begin(), {"submit", "--db", db});
    options.push_back("--");
    options.insert(options.end(), train.begin(), train.end());
    const ProcessResult result = Dse(options);
    CAPTURE(result.err);
    CHECK(result.code == code);
    CHECK_THAT(result.err, Catch::Contains(words));
  };
  check(2, "did you mean '--recipe'", {}, {"--data", "synthetic", "--recipee", "x"});
  check(2, "--data is missing", {}, {});
  check(2, "--db cannot stand behind '--'", {}, {"--data", "synthetic", "--db=x"});
  check(2, "--shard cannot stand behind", {}, {"--data", "synthetic", "--shard", "0/2"});
  check(2, "--time", {"--time", "soon"});
  check(2, "not both", {"--gres", "gpu:1", "--gpus-per-task", "1"});
  check(1, "did you mean 'synthetic'", {}, {"--data", "synthetik"});
  check(1, "did you mean 'low'", {"--partition", "lwo"});
  check(1, "more than the partition 'low' allows", {"--time", "2h"});
  check(1, "nothing.sh", {"--before", folder / "nothing.sh"});
  check(1, "is a folder", {"--before", folder.path()});
  check(1, "--account", {"--account", "a\nb"});
  check(1, "--sbatch cannot set --array", {"--sbatch=--array=0-9"});
  CHECK(Dse({"submit", "--db", db}).code == 2);

  cluster.commands().Add("scontrol", "echo 'Unable to contact slurm controller' >&2; exit 1");
  check(1, "Slurm does not answer", {});
  cluster.commands().Add("scontrol",
                         "echo 'Could not establish a configuration source' >&2; exit 1");
  check(1, "Slurm is not to be found here", {});
  CHECK(cluster.submitted().empty());
}

}  // namespace
}  // namespace dse
