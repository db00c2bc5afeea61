#include "runner/slurm/batch_script.h"

#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/subprocess.h"
#include "runner/slurm/submission.h"
#include "tests/runner/slurm/fake_command.h"

namespace dse {
namespace {

using Words = std::vector<std::string>;

BatchJob SomeJob(const std::string& folder) {
  BatchJob job;
  job.program = folder + "/dse";
  job.database = folder + "/study.db";
  job.folder = folder;
  job.log_folder = folder + "/study.db.slurm";
  job.train = {"--data", "synthetic"};
  return job;
}

TEST_CASE("a script's options stand in its head, with times as Slurm writes them", "[slurm]") {
  BatchJob job = SomeJob("/d");
  job.tasks = 8;
  job.partition = "gpu";
  job.gres = "gpu:a100:1";
  job.memory = "16G";
  job.account = "vision";
  job.cpus = 4;
  job.seconds = 12 * 3600;
  job.signal_seconds = 120;
  job.more = {"--constraint=\"a100|h100\" --qos long"};
  job.before = "module load cuda";
  const std::string text = BatchScript(job);
  for (const char* line :
       {"#!/bin/bash\n", "\n#SBATCH --array=0-7\n", "\n#SBATCH --comment=dse:/d/study.db\n",
        "\n#SBATCH --partition=gpu\n", "\n#SBATCH --gres=gpu:a100:1\n", "\n#SBATCH --mem=16G\n",
        "\n#SBATCH --account=vision\n", "\n#SBATCH --cpus-per-task=4\n",
        "\n#SBATCH --time=0-12:00:00\n", "\n#SBATCH --signal=B:USR1@120\n",
        "\n#SBATCH --constraint=\"a100|h100\" --qos long\n", "\nmodule load cuda\n",
        "\n/d/dse train --db /d/study.db --data synthetic &\n"}) {
    CHECK_THAT(text, Catch::Contains(line));
  }
}

// What a program that stands for dse gets as words when a shell runs the script.
std::string WordsOf(const BatchJob& job, const FakeCommand& commands) {
  SubprocessOptions options;
  options.environment = {
      {"SLURM_ARRAY_JOB_ID", "7"}, {"SLURM_ARRAY_TASK_ID", "3"}, {"WORDS", commands / "words"}};
  const auto result = RunSubprocess(Words{"bash", "-c", BatchScript(job)}, options);
  INFO(result->err);
  CHECK(result->code == 0);
  return RunSubprocess(Words{"cat", commands / "words"})->out;
}

TEST_CASE("nothing in a script but the lines ahead of the work is read by a shell", "[slurm]") {
  const FakeCommand commands("dse", "for word; do printf '%s\\n' \"<$word>\"; done > \"$WORDS\"");
  for (const char* hostile :
       {"$(touch bad)", "`touch bad`", "a'b", "'; touch bad; '", "a\"b", "a b", "*", "~", "#", "",
        "-x", "a\\", "line\nbreak", "${HOME}", "&& touch bad"}) {
    CAPTURE(hostile);
    BatchJob job = SomeJob("/d");
    job.program = commands / "dse";
    job.train = {"--population", hostile, "--data", "synthetic"};
    CHECK(WordsOf(job, commands) == "<train>\n<--db>\n</d/study.db>\n<--population>\n<" +
                                        std::string(hostile) + ">\n<--data>\n<synthetic>\n");
    job.train = {"--data", "synthetic"};
    if (std::string(hostile).find('\n') != std::string::npos) continue;
    if (std::string(hostile).find('\\') == std::string::npos) {
      job.database = std::string("/d/") + hostile + ".db";
      job.log_folder = job.database + ".slurm";
    }
    job.shards = ShardedJob{"/d/" + std::string(hostile), 9, 4};
    CHECK(WordsOf(job, commands) == "<train>\n<--db>\n<" + job.database +
                                        ">\n<--shard>\n<7/9>\n<--out>\n</d/" + hostile +
                                        "/7.db>\n<--data>\n<synthetic>\n");
  }
}

TEST_CASE("what cannot stand in a line of options is refused", "[slurm]") {
  BatchJob job = SomeJob("/d");
  job.partition = "a\n#SBATCH --wrap=x";
  CHECK_THROWS_WITH(BatchScript(job), Catch::Contains("--partition"));
  job = SomeJob("/d");
  job.database = "/d/new\nline.db";
  CHECK_THROWS_AS(BatchScript(job), Error);
  job = SomeJob("/d");
  job.log_folder = "/d/back\\slash";
  CHECK_THROWS_WITH(BatchScript(job), Catch::Contains("backslash"));
  job = SomeJob("/d");
  for (const char* option :
       {"--array=0-3", "--qos=x --wrap=y", "-a 3", "--signal=USR2@1", "word"}) {
    CAPTURE(option);
    job.more = {option};
    CHECK_THROWS_WITH(BatchScript(job), Catch::Contains("--sbatch"));
  }
}

// Runs a script whose dse ends with `code`, with a squeue that says `state`. Answers the exit code
// and what scontrol was told.
std::pair<int, std::string> EndOf(const std::string& dse, const std::string& state,
                                  const std::string& before = "") {
  FakeCommand commands("dse", dse);
  commands.Add("squeue", "echo " + state);
  // A requeued job is killed.
  commands.Add("scontrol", "echo \"$@\" > \"$TOLD\"; kill -9 $PPID");
  BatchJob job = SomeJob("/d");
  job.program = commands / "dse";
  job.before = before;
  SubprocessOptions options;
  options.seconds = 120;
  options.environment = {
      {"SLURM_ARRAY_JOB_ID", "7"}, {"SLURM_ARRAY_TASK_ID", "3"}, {"TOLD", commands / "told"}};
  const auto result = RunSubprocess(Words{"bash", "-c", BatchScript(job)}, options);
  CHECK_FALSE(result->killed_late);
  return {result->code, RunSubprocess(Words{"cat", commands / "told"})->out};
}

TEST_CASE("a task with networks left goes back to the queue, others end", "[slurm]") {
  using End = std::pair<int, std::string>;
  const End requeued{128 + 9, "requeue 7_3\n"};
  CHECK(EndOf("exit 0", "RUNNING") == End{0, ""});
  CHECK(EndOf("exit 1", "RUNNING") == End{1, ""});
  CHECK(EndOf("exit 2", "RUNNING") == End{2, ""});
  CHECK(EndOf("exit 130", "RUNNING") == requeued);
  CHECK(EndOf("kill -9 $$", "RUNNING") == requeued);
  CHECK(EndOf("exit 130", "RUNNING", "set -eu") == requeued);
  CHECK(EndOf("exit 130", "COMPLETING") == End{130, ""});  // cancelled
  // The word of Slurm reaches dse, which ends as interrupted.
  CHECK(EndOf("trap 'exit 130' USR1; kill -USR1 $PPID; while :; do sleep 0.1; done", "RUNNING") ==
        requeued);
  CHECK(EndOf("trap 'exit 130' USR1; kill -TERM $PPID; while :; do sleep 0.1; done", "CANCELLED") ==
        End{130, ""});
}

TEST_CASE("an array of more tasks than Slurm allows becomes several with all of them", "[slurm]") {
  BatchJob job = SomeJob("/d");
  job.tasks = 25;
  job.shards = ShardedJob{"/d/shards", 25, 0};
  const std::vector<BatchJob> arrays = SplitArray(job, 10);
  REQUIRE(arrays.size() == 3);
  CHECK(arrays[0].tasks == 10);
  CHECK(arrays[1].shards->first == 10);
  CHECK(arrays[2].tasks == 5);
  CHECK(arrays[2].shards->first == 20);
  CHECK(arrays[2].shards->total == 25);
  CHECK(SplitArray(job, 25).size() == 1);
}

TEST_CASE("scripts are kept side by side and what sbatch says comes back", "[slurm]") {
  const TempFolder folder;
  CHECK(KeepScript(folder.path(), "train", "one") == folder / "train-1.sh");
  CHECK(KeepScript(folder.path(), "train", "two") == folder / "train-2.sh");
  {
    const FakeCommand sbatch("sbatch", "echo '17;cluster'");
    CHECK(SubmitScript("x.sh") == "17");
  }
  const FakeCommand sbatch("sbatch",
                           "echo 'sbatch: error: Batch job submission failed: no' >&2; exit 1");
  CHECK_THROWS_WITH(SubmitScript("x.sh"),
                    Catch::Contains("submission failed: no") && Catch::Contains("x.sh"));
}

TEST_CASE("the job that merges waits for every array", "[slurm]") {
  const std::string text =
      MergeScript({"/p/dse", "/d/a b.db", "/d", "/d/l", "/d/a b.db.shards", {}, {}, {"7", "8"}});
  CHECK_THAT(text, Catch::Contains("\n#SBATCH --dependency=afterany:7:8\n"));
  CHECK_THAT(text, Catch::Contains(
                       "\nexec /p/dse merge --db '/d/a b.db' --move-files '/d/a b.db.shards'\n"));
}

}  // namespace
}  // namespace dse
