#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "core/printable.h"
#include "core/shell_word.h"
#include "core/subprocess.h"
#include "tests/cli/fake_cluster.h"
#include "tests/cli/hostile.h"

// Hostile names on their way through a script for Slurm and the shell that runs it.

namespace dse::hostile_slurm_test {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;

// While it lives, variables of the environment have this value.
class Environment {
 public:
  Environment(Words names, const std::string& value) : names_(std::move(names)) {
    for (const std::string& name : names_) setenv(name.c_str(), value.c_str(), 1);
  }
  ~Environment() {
    for (const std::string& name : names_) unsetenv(name.c_str());
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  Words names_;
};

const Words kSlurmTexts{"SLURM_JOB_NAME",   "SLURM_CLUSTER_NAME", "SLURM_JOB_NODELIST",
                        "SLURM_NODELIST",   "SLURMD_NODENAME",    "SLURM_JOB_PARTITION",
                        "SLURM_SUBMIT_DIR", "HOSTNAME",           "SBATCH_ACCOUNT"};

// Whether sbatch could read it in a line of options.
bool FitsALine(const std::string& text) {
  return Printable(text) == text && text.find('\\') == std::string::npos;
}

// Runs a script with a program in place of dse, which writes its words a line each. Answers them.
std::string WordsOf(std::string script, const FakeCommand& commands, const std::string& task) {
  const std::string program = ShellWord(fs::canonical(DSE_PROGRAM));
  const size_t at = script.find(program);
  REQUIRE(at != std::string::npos);
  script.replace(at, program.size(), ShellWord(commands / "dse"));
  const Environment job({"SLURM_ARRAY_JOB_ID"}, "7"), number({"SLURM_ARRAY_TASK_ID"}, task);
  const Environment words({"WORDS"}, commands / "words");
  fs::remove(commands / "words");
  const ProcessResult checked = RunProcess({"bash", "-n"}, script);
  CHECK(checked.code == 0);
  CHECK(checked.err == "");
  SubprocessOptions options;
  options.input = script;
  options.seconds = 20;  // a script that is read wrongly may wait for Slurm
  const auto result = RunSubprocess(Words{"bash"}, options);
  REQUIRE(result);
  INFO(script << result->err);
  CHECK(result->code == (task == "3" ? 0 : 2));
  return RunProcess({"cat", commands / "words"}).out;
}

std::string Lines(const Words& words) {
  std::string text;
  for (const std::string& word : words) text += "<" + word + ">\n";
  return text;
}

}  // namespace

TEST_CASE("a script for Slurm gives hostile names to dse as they are, or is refused",
          "[cli][hostile]") {
  FakeCluster cluster;
  cluster.commands().Add("dse", "for word; do printf '<%s>\\n' \"$word\"; done > \"$WORDS\"");
  const TempFolder folder;
  const std::string study = SmallStudy(folder, "RegNetX", "1");
  for (const std::string& name : HostileFileNames()) {
    INFO(Json(name).dump());
    const Environment texts(kSlurmTexts, name);
    const std::string place = fs::canonical(folder.path()).string() + "/d " + name;
    fs::create_directory(place);
    const std::string db = place + "/" + name + ".db";
    fs::copy_file(study, db);
    const Words train{"--data",  "synthetic",          "--population",
                      "RegNetX", "--work-dir=" + name, "--weight-names=timm"};
    Words words{"submit",
                "--db",
                db,
                "--tasks",
                "5",
                "--shared-file",
                "no",
                "--before",
                folder.Write("d " + name + "/" + name,
                             "x='"
                             "'"),
                "--dry-run",
                "--account=" + name,
                "--"};
    words.insert(words.end(), train.begin(), train.end());
    if (!FitsALine(db)) {
      const ProcessResult refused = Dse(words);
      CHECK(refused.code == 1);
      CHECK(std::ranges::count(refused.err, '\n') == 1);
      CheckPrintable(refused.err);
      // The work of a study of a plain name is told of it all the same.
      words[2] = study;
      words.erase(std::ranges::find(words, "--account=" + name));
    }
    const std::string used = words[2] == study ? fs::canonical(study).string() : db;
    const std::string script = Text(words);
    Words expected{"train", "--db", used, "--shard", "3/4", "--out", used + ".shards/3.db"};
    expected.insert(expected.end(), train.begin(), train.end());
    const size_t second = script.find("#!/bin/bash\n", 1);  // arrays have four tasks at most
    REQUIRE(second != std::string::npos);
    expected[4] = "3/5";
    CHECK(WordsOf(script.substr(0, second), cluster.commands(), "3") == Lines(expected));
    CHECK(WordsOf(script.substr(0, second), cluster.commands(), "a[$(touch executed)]") == "");
    CHECK_FALSE(fs::exists("executed"));
    CHECK_FALSE(fs::exists(place + "/executed"));
  }
}

TEST_CASE("what Slurm says is shown, whatever it is", "[cli][hostile]") {
  const TempFolder folder;
  const std::string db = SmallStudy(folder, "RegNetX", "1");
  FakeCluster cluster;
  const Words submit{"submit", "--db", db, "--", "--data", "synthetic"};
  const auto says = [&](const std::string& command, const std::string& script) {
    cluster.commands().Add(command, script);
    const ProcessResult result = Dse(submit);
    INFO(result.out << result.err);
    CHECK(result.code == 1);
    CheckPrintable(result.err);
    CheckPrintable(result.out);
    return result.err;
  };
  const std::string hostile =
      "printf 'a\\033[31m\\302\\233\\rb\\n$(touch executed)\\377' >&2; exit 1";
  CHECK_THAT(says("sbatch", hostile), Contains("$(touch executed)\\xff"));
  CHECK_THAT(says("sbatch", "printf 'job\\033[31m;7'"), Contains("job\\x1b[31m"));
  CHECK_THAT(says("squeue", hostile), Contains("$(touch executed)\\xff"));
  CHECK_THAT(says("scontrol", "printf 'PartitionName=a\\033[31m\\n'"), Contains("a\\x1b[31m"));
  CHECK_FALSE(fs::exists("executed"));
}

TEST_CASE("a run in a job of hostile names is trained and shown", "[cli][hostile]") {
  const std::string name = "a:b/c'\"; $(touch executed)\n\x1b[31m\xff %s";
  const FakeCommand squeue("squeue", "exit 0");
  const Environment texts(kSlurmTexts, name);
  const TempFolder folder;
  const std::string db = SmallStudy(folder, "RegNetX", "1");
  const auto run = [&] {
    Text({"train", "--db", db, "--data", "synthetic", "--recipe", "smoke", "--device", "cpu",
          "--threads", "1", "--set", "train_images=100", "test_images=100", "batch_size=50"});
    Text({"runs", "show", "--db", db, "--run", "1"});
    Text({"status", "--db", db, "--watch", "1"});
    Document({"status", "--db", db, "--json"});
    Text({"verify", "--db", db, "--deep"});
    CHECK(Query(db, "SELECT state FROM runs") == "done");
  };
  {
    const Environment id({"SLURM_JOB_ID"}, "17"), start({"SLURM_JOB_START_TIME"}, "1");
    run();
  }
  Text({"bench", "--device", "cpu", "--threads", "1", "--samples", "1", "--infer-batch", "1",
        "--train-batch", "2",
        folder.Write("m", R"({"type":"anynet","stem":"cifar","resolution":8,"classes":10,)"
                          R"("depths":[1],"widths":[8],"group_widths":8,"name":"\u001b[31m\n"})")});
  const Environment id({"SLURM_JOB_ID", "SLURM_JOB_START_TIME", "TMPDIR"}, name);
  Text({"runs", "retry", "--db", db, "--run", "1"});
  run();
  CHECK_FALSE(fs::exists("executed"));
}

}  // namespace dse::hostile_slurm_test
