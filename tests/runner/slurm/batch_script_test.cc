#include "runner/slurm/batch_script.h"

#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/subprocess.h"
#include "runner/slurm/submission.h"
#include "tests/runner/slurm/fake_command.h"

namespace dse::batch_script_test {
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
  job.folder = "/d/back\\slash";
  CHECK_THROWS_WITH(BatchScript(job), Catch::Contains("backslash"));
  job = SomeJob("/d");
  job.more = {"--constraint=a100 --qos long",
              "-C a100",
              "--exclude=node-a",
              "--exclusive",
              "-x n1",
              "--mem-per-cpu=2G",
              "--mail-type=END"};
  CHECK_NOTHROW(BatchScript(job));
  for (const char* option :
       {"--array=0-3", "--qos=x --wrap=y", "-a 3", "--signal=USR2@1", "word", "-a0-9", "--arr=0-9",
        "-o/x", "--time=1", "-Ha0", "--ti 5", "--\"array\"=0-3", "--qos=x '-a' 3", "--", "-t5",
        "--mem=1G", "--wait", "--ar\\ray=1"}) {
    CAPTURE(option);
    job.more = {option};
    CHECK_THROWS_WITH(BatchScript(job), Catch::Contains("--sbatch"));
  }
}

// Runs a script whose dse ends with `code`, with a squeue that says `state`. Answers the exit code
// and what scontrol was told.
std::pair<int, std::string> EndOf(const std::string& dse, const std::string& state,
                                  const std::string& before = "", const std::string& logs = "") {
  FakeCommand commands("dse", dse);
  commands.Add("squeue", "echo " + state);
  // A requeued job is killed.
  commands.Add("scontrol", "echo \"$@\" > \"$TOLD\"; kill -9 $PPID");
  BatchJob job = SomeJob("/d");
  job.program = commands / "dse";
  job.log_folder = logs.empty() ? commands / "" : logs;
  job.before = before;
  SubprocessOptions options;
  options.seconds = 120;
  options.environment = {
      {"SLURM_ARRAY_JOB_ID", "7"}, {"SLURM_ARRAY_TASK_ID", "3"}, {"TOLD", commands / "told"}};
  const auto result = RunSubprocess(Words{"bash", "-c", BatchScript(job)}, options);
  INFO(result->err);
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
  CHECK(EndOf("exit 130", "'CANCELLED by 1000'") == End{130, ""});
  // Lines ahead of the work that change the shell, and use common names.
  const std::string stopped = "trap 'exit 130' USR1; kill -USR1 $PPID; while :; do sleep 0.1; done";
  CHECK(EndOf(stopped, "RUNNING", "set -eu; trap - USR1; train=x told=y job=z") == requeued);
  // A controller that is silent, and a state that is no end.
  const TempFolder folder;
  const std::string asked = folder / "asked";
  CHECK(
      EndOf("exit 130", "$(case $(echo x >> " + asked + "; wc -l < " + asked +
                            ") in (1) exit 1 ;; (2) echo SUSPENDED ;; (*) echo RUNNING ;; esac)") ==
      requeued);
  // The word of Slurm reaches dse, which ends as interrupted.
  CHECK(EndOf("trap 'exit 130' USR1; kill -USR1 $PPID; while :; do sleep 0.1; done", "RUNNING") ==
        requeued);
  CHECK(EndOf("trap 'exit 130' USR1; kill -TERM $PPID; while :; do sleep 0.1; done", "CANCELLED") ==
        End{130, ""});
}

TEST_CASE("a task that is killed again and again ends, one that stops in between goes on",
          "[slurm]") {
  const TempFolder logs;
  const auto killed = [&] { return EndOf("kill -9 $$", "RUNNING", "", logs.path()).second; };
  for (int i = 1; i < 10; ++i) CHECK(killed() == "requeue 7_3\n");
  CHECK(EndOf("exit 130", "RUNNING", "", logs.path()).second == "requeue 7_3\n");
  for (const char* end : {"kill -9 $$", "kill -USR1 $$", "kill -TERM $$"}) {
    for (int i = 0; i < 3; ++i) {
      CHECK(EndOf(end, "RUNNING", "", logs.path()).second == "requeue 7_3\n");
    }
  }
  CHECK(killed() == "");
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
  {
    const FakeCommand sbatch("sbatch", "echo 'sbatch: hello'");
    CHECK_THROWS_WITH(SubmitScript("x.sh"), Catch::Contains("squeue --me"));
  }
  {
    const FakeCommand sbatch("sbatch", "echo 'Socket timed out on send/recv' >&2; exit 1");
    CHECK_THROWS_WITH(SubmitScript("x.sh"), Catch::Contains("may have"));
  }
  const FakeCommand sbatch("sbatch",
                           "echo 'sbatch: error: Batch job submission failed: no' >&2; exit 1");
  CHECK_THROWS_WITH(SubmitScript("x.sh"),
                    Catch::Contains("submission failed: no") && Catch::Contains("x.sh"));
}

TEST_CASE("an array that is refused takes those before it along", "[slurm]") {
  const TempFolder folder;
  FakeCommand commands("sbatch", "grep -q array=0-9 \"$2\" && echo 17 || exit 1");
  commands.Add("scancel", "echo \"$@\" > \"${0%/*}/told\"");
  BatchJob job = SomeJob(folder.path());
  job.log_folder = folder.path();
  job.tasks = 15;
  std::string seen;
  const auto see = [&](const SubmittedArray& array) { seen += array.id; };
  CHECK_THROWS_WITH(SubmitArrays(SplitArray(job, 10), see),
                    Catch::Contains("cancelled") && Catch::Contains(" 17"));
  CHECK(seen == "17");
  CHECK(RunSubprocess(Words{"cat", commands / "told"})->out == "17\n");
}

TEST_CASE("what the environment says to sbatch does not override a script", "[slurm]") {
  const TempFolder folder;
  const FakeCommand sbatch("sbatch", "env | grep '^S[BL].*=x$' | sort > \"${0%/*}/env\"; echo 1");
  const std::vector<const char*> names{"SBATCH_ACCOUNT", "SBATCH_QOS",      "SBATCH_ARRAY_INX",
                                       "SBATCH_WAIT",    "SLURM_CLUSTERS",  "SBATCH_NO_REQUEUE",
                                       "SBATCH_SIGNAL",  "SBATCH_TIMELIMIT"};
  for (const char* name : names) setenv(name, "x", 1);
  BatchJob job = SomeJob("/d");
  SubmitScript(folder.Write("free.sh", BatchScript(job)));
  CHECK(RunSubprocess(Words{"cat", sbatch / "env"})->out == "SBATCH_ACCOUNT=x\nSBATCH_QOS=x\n");
  job.account = "vision";
  SubmitScript(folder.Write("account.sh", BatchScript(job)));
  CHECK(RunSubprocess(Words{"cat", sbatch / "env"})->out == "SBATCH_QOS=x\n");
  for (const char* name : names) unsetenv(name);
}

TEST_CASE("the job that merges waits for every array", "[slurm]") {
  BatchJob job = SomeJob("/d");
  job.program = "/p/dse";
  job.database = "/d/a b.db";
  job.shards = ShardedJob{"/d/a b.db.shards", 2, 0};
  job.before = "module load cuda";
  job.more = {"--qos=long"};
  job.gres = "gpu:1";
  const std::string text = MergeScript(job, {"7", "8"});
  CHECK_THAT(text, Catch::Contains("\n#SBATCH --dependency=afterany:7:8\n"));
  CHECK_THAT(text,
             Catch::Contains("\n#SBATCH --qos=long\n") && Catch::Contains("\nmodule load cuda\n"));
  CHECK_THAT(text, !Catch::Contains("gpu:1"));
  CHECK_THAT(
      text,
      Catch::Contains(
          "\nexec /p/dse merge --db '/d/a b.db' --move-files --wait 5m '/d/a b.db.shards'\n"));
}

}  // namespace
}  // namespace dse::batch_script_test
