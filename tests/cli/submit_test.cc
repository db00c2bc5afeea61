#include <catch2/catch.hpp>
#include <cstdlib>

#include "tests/cli/fake_cluster.h"
#include "tests/cli/program.h"

namespace dse::submit_test {
namespace {

size_t Count(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST_CASE("submit gives what is missing to Slurm in arrays that it allows", "[cli]") {
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

TEST_CASE("a dry run shows the scripts of a submission with shards, those that are kept", "[cli]") {
  const TempFolder folder;
  const std::string db = SmallStudy(folder, "RegNetX", "6");
  const FakeCluster cluster;
  const auto submit = [&](Words options) {
    options.insert(options.begin(), {"submit", "--db", db});
    options.insert(options.end(), {"--", "--data", "synthetic", "--recipe", "smoke"});
    const ProcessResult result = Dse(options);
    INFO(result.err);
    CHECK(result.code == 0);
    return result.out;
  };
  const std::string shown = submit({"--tasks", "6", "--shared-file", "no", "--dry-run"});
  CHECK(cluster.submitted().empty());
  CHECK_THAT(shown, Catch::StartsWith("#!/bin/bash\n"));
  const std::string second = "\n# ======== script 2 of 3: ", third = "\n# ======== script 3 of 3: ";
  REQUIRE(Count(shown, second) == 1);
  REQUIRE(Count(shown, third) == 1);
  const size_t at = shown.find(second), last = shown.find(third);
  REQUIRE(at < last);
  const auto script = [&](size_t begin, size_t end) {
    begin = shown.find("#!/bin/bash", begin);
    return shown.substr(begin, end - begin);
  };
  submit({"--tasks", "6", "--shared-file", "no"});
  const auto kept = [&](const std::string& name) {
    return RunProcess({"cat", db + ".slurm/" + name}).out;
  };
  CHECK(script(0, at) == kept("train-1.sh"));
  CHECK(script(at, last) == kept("train-2.sh"));
  std::string merge = script(last, shown.size());
  const std::string ids = "afterany:ID_OF_SCRIPT_1:ID_OF_SCRIPT_2";
  REQUIRE(Count(merge, ids) == 1);
  merge.replace(merge.find(ids), ids.size(), "afterany:17:17");
  CHECK(merge == kept("merge-1.sh"));
  CHECK(cluster.submitted() == kept("train-1.sh") + kept("train-2.sh") + kept("merge-1.sh"));
  CHECK(Count(submit({"--tasks", "3", "--shared-file", "yes", "--dry-run"}), "========") == 0);
}

TEST_CASE("of two submissions with shards in the same moment the later one goes", "[cli]") {
  const TempFolder folder;
  const std::string db = SmallStudy(folder, "RegNetX", "4");
  FakeCluster cluster;
  // Jobs 17, which is ours, and `other` are there when sbatch was called.
  const auto add_other = [&](const std::string& other) {
    cluster.commands().Add(
        "squeue",
        "[ -e \"${0%/*}/submitted\" ] || exit 0\n"
        "for word; do case $word in --format=*) format=${word#--format=} ;; esac; done\n"
        "for id in 17 " +
            other +
            "; do echo \"$format\" | sed \"s/%F/$id/; s/%K/0/; s/%A/$id/;"
            " s/%T/PENDING/; s/%r/None/; s/%P/low/; s/%u/ann/; s/%S/NA/; s/%e/NA/;"
            " s|%k|dse:$(realpath '" +
            db + "')|\"; done");
  };
  cluster.commands().Add("scancel", "echo \"$@\" > \"${0%/*}/cancelled\"");
  const auto submit = [&](const std::string& shared) {
    for (const char* name : {"submitted", "cancelled"}) {
      RunProcess({"rm", "-f", cluster.commands() / name});
    }
    return Dse({"submit", "--db", db, "--tasks", "2", "--shared-file", shared, "--", "--data",
                "synthetic", "--recipe", "smoke"});
  };
  const auto cancelled = [&] { return RunProcess({"cat", cluster.commands() / "cancelled"}).out; };
  add_other("16");
  const ProcessResult later = submit("no");
  CHECK(later.code == 1);
  CHECK(Count(later.err, "dse: job 16 of ann for ") == 1);
  CHECK_THAT(later.err, Catch::Contains("in the same moment") &&
                            Catch::Contains("this submission was cancelled: 17\n"));
  CHECK(cancelled() == "17\n");
  CHECK_THAT(cluster.submitted(), !Catch::Contains("afterany"));

  CHECK(submit("yes").code == 0);  // tasks that share the file are in nobody's way
  CHECK(cancelled().empty());

  add_other("18");
  const ProcessResult earlier = submit("no");
  INFO(earlier.err);
  CHECK(earlier.code == 0);
  CHECK(cancelled().empty());
  CHECK_THAT(cluster.submitted(), Catch::Contains("afterany:17"));

  cluster.commands().Add("squeue",
                         "[ -e \"${0%/*}/submitted\" ] || exit 0\n"
                         "echo 'Unable to contact slurm controller' >&2; exit 1");
  const ProcessResult unknown = submit("no");
  CHECK(unknown.code == 0);
  CHECK(cancelled().empty());
  CHECK_THAT(unknown.err, Catch::Contains("is not known: Unable to contact slurm controller"));

  add_other("16");
  cluster.commands().Add("scancel", "echo 'scancel: error: no rights' >&2; exit 1");
  const ProcessResult stuck = submit("no");
  CHECK(stuck.code == 1);
  CHECK_THAT(stuck.err, Catch::Contains("no rights") && Catch::Contains("scancel 17\n"));
}

TEST_CASE("what is missing after a lost task is shared by another number of tasks", "[cli]") {
  const TempFolder folder;
  const std::string db = SmallStudy(folder, "RegNetX", "16");
  FakeCluster cluster;
  cluster.commands().Add("scontrol",
                         "case $2 in config) echo 'ClusterName = mars' ;; *) echo "
                         "'PartitionName=low Default=YES MaxTime=10-00:00:00 DefaultTime=NONE "
                         "State=UP TotalCPUs=4 TotalNodes=1' ;; esac");
  const auto submit = [&](Words options) {
    options.insert(options.begin(), {"submit", "--db", db, "--dry-run"});
    options.insert(options.end(), {"--", "--data", "synthetic", "--recipe", "smoke"});
    const ProcessResult result = Dse(options);
    INFO(result.err);
    CHECK(result.code == 0);
    return result.err + result.out;
  };
  CHECK_THAT(
      submit({"--shared-file", "no"}),
      Catch::Contains("dse: 4 tasks (--tasks): 16 missing") && !Catch::Contains("one shard"));
  // The runs of three of four parts are done.
  REQUIRE(Dse({"train", "--db", db, "--data", "synthetic", "--recipe", "smoke", "--limit", "0",
               "--quiet"})
              .code == 0);
  Query(db,
        "UPDATE runs SET state = 'done', error = 50, best_error = 50, attempt = 1, seconds = 60,"
        " started_at = 1, finished_at = 61, host = 'h', device = 'cpu' WHERE id IN (SELECT run_id"
        " FROM series_runs WHERE member_id % 4 <> 2) RETURNING 1");
  REQUIRE(Query(db, "SELECT count(*) FROM runs WHERE state = 'pending'") == "4");
  CHECK_THAT(submit({"--time", "2m", "--shared-file", "no"}),
             Catch::Contains("dse: 5 tasks (--tasks): ") &&
                 Catch::Contains("; not 4, which puts 4 of the 4 runs into one shard\n") &&
                 Catch::Contains("--array=0-4\n"));
  CHECK_THAT(submit({"--tasks", "4", "--shared-file", "no"}),
             Catch::Contains("dse: --tasks 4 puts 4 of the 4 runs into one shard; --tasks 5 would "
                             "share them better, at most 1 a shard\n") &&
                 Catch::Contains("--array=0-3\n"));
  CHECK_THAT(submit({"--time", "2m", "--shared-file", "yes"}), !Catch::Contains("one shard"));
}

TEST_CASE("the number of tasks counts the workers that each will have", "[cli]") {
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
  if (DSE_HAS_TORCH) {  // which alone trains on GPUs
    CHECK_THAT(submit({"--gpus-per-task", "1"}, {"--workers-per-gpu", "2"}),
               Catch::Contains("--array=0-1\n"));
    CHECK_THAT(submit({"--gres", "gpu:2"}, {"--workers-per-gpu", "2"}),
               Catch::Contains("--array=0-0\n"));
  }
  // Without --time a task has the partition's default.
  CHECK_THAT(submit({}, {}), Catch::Contains("--signal=B:USR1@30\n"));
  CHECK_THAT(submit({"--time", "2d"}, {}), Catch::Contains("--signal=B:USR1@120\n"));
}

TEST_CASE("submit asks for LibTorch's module where tasks would miss it", "[cli]") {
  const TempFolder folder;
  const std::string db = SmallStudy(folder, "RegNetX", "2");
  const FakeCluster cluster;
  setenv("DSE_TORCH_MODULE", (folder / "none.so").c_str(), 1);
  const auto submit = [&](Words options, const Words& engine) {
    options.insert(options.begin(), {"submit", "--db", db, "--dry-run"});
    options.insert(options.end(), {"--", "--data", "synthetic"});
    options.insert(options.end(), engine.begin(), engine.end());
    const ProcessResult result = Dse(options);
    CHECK((result.code == 0) == (result.err.find("none.so") == std::string::npos));
    return result.code;
  };
  CHECK(submit({}, {}) == 0);  // on the CPU there is the native engine
  CHECK(submit({"--gpus-per-task", "1"}, {"--engine", "native", "--device", "cpu"}) == 0);
  CHECK(submit({}, {"--engine", "torch"}) == 1);
  CHECK(submit({"--gpus-per-task", "1"}, {}) == 1);
  unsetenv("DSE_TORCH_MODULE");
}

TEST_CASE("lines ahead of the work may come from a pipe", "[cli]") {
  const TempFolder folder;
  const std::string db = SmallStudy(folder, "RegNetX", "2");
  const FakeCluster cluster;
  const ProcessResult result =
      RunProcess({"bash", "-c",
                  "exec \"$0\" submit --db \"$1\" --before <(echo module load cuda) --dry-run -- "
                  "--data synthetic",
                  DSE_PROGRAM, db});
  INFO(result.err);
  CHECK(result.code == 0);
  CHECK_THAT(result.out, Catch::Contains("\nmodule load cuda\n"));
}

TEST_CASE("tasks whose merging job is refused are told of", "[cli]") {
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
}  // namespace dse::submit_test
