#include "runner/slurm/batch_script.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

#include "core/error.h"
#include "core/version.h"
#include "runner/slurm/limits.h"
#include "runner/slurm/queue.h"

namespace dse {
namespace {

bool HasControl(const std::string& text) {
  return std::ranges::any_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

// A line of options; sbatch reads single quotes as a shell does.
std::string OptionLine(const std::string& option, const std::string& value) {
  if (HasControl(value)) {
    throw Error(
        fmt::format("--{} of a job cannot hold a line break or another control character: "
                    "'{}'; choose another name",
                    option, value));
  }
  return fmt::format("#SBATCH --{}={}\n", option, ShellWord(value));
}

// A folder in a pattern for names of logs.
std::string LogPattern(const std::string& folder, const std::string& pattern) {
  if (folder.find('\\') != std::string::npos) {
    throw Error(folder + ": Slurm cannot write logs below a name with a backslash; rename it");
  }
  std::string text;
  for (const char c : folder) text += c == '%' ? "%%" : std::string(1, c);
  return text + "/" + pattern;
}

// Options that a script sets itself.
constexpr std::array<std::string_view, 14> kOwn{
    "--array", "-a", "--comment", "--signal", "--requeue", "--no-requeue", "--open-mode",
    "--chdir", "-D", "--output",  "-o",       "--wrap",    "--parsable",   "--dependency"};

std::string MoreOptions(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    if (HasControl(line) || !line.starts_with('-')) {
      throw Error(
          "--sbatch takes options of sbatch in one line, such as '--constraint=a100', not '" +
          line + "'");
    }
    for (size_t begin = 0; begin < line.size();) {
      const size_t end = std::min(line.find_first_of(" ", begin), line.size());
      const std::string word = line.substr(begin, end - begin);
      const std::string name = word.substr(0, word.find('='));
      if (std::ranges::find(kOwn, name) != kOwn.end()) {
        throw Error("--sbatch cannot set " + name + ", which the job needs as it is");
      }
      begin = end + 1;
    }
    text += "#SBATCH " + line + "\n";
  }
  return text;
}

std::string Options(const BatchJob& job) {
  const std::string name = std::filesystem::path(job.database).stem().string();
  std::string text = OptionLine("job-name", "dse-" + name);
  text += OptionLine("comment", JobComment(job.database));
  text += fmt::format("#SBATCH --array=0-{}\n", job.tasks - 1);
  if (job.partition) text += OptionLine("partition", *job.partition);
  if (job.account) text += OptionLine("account", *job.account);
  if (job.gres) text += OptionLine("gres", *job.gres);
  if (job.gpus) text += fmt::format("#SBATCH --gpus-per-task={}\n", *job.gpus);
  text += "#SBATCH --ntasks=1\n";
  if (job.cpus) text += fmt::format("#SBATCH --cpus-per-task={}\n", *job.cpus);
  if (job.memory) text += OptionLine("mem", *job.memory);
  if (job.seconds) text += fmt::format("#SBATCH --time={}\n", FormatSlurmTime(*job.seconds));
  text += fmt::format("#SBATCH --signal=B:USR1@{}\n#SBATCH --requeue\n", job.signal_seconds);
  text += OptionLine("chdir", job.folder);
  text += OptionLine("output", LogPattern(job.log_folder, "%A_%a.log"));
  text += "#SBATCH --open-mode=append\n";
  return text + MoreOptions(job.more);
}

constexpr const char* kTraps = R"(
# Slurm tells with USR1 that the time is nearly up, and with TERM that the job has to go. Training is told by USR1:
# it stops within a step, keeps a checkpoint and gives its network back.
train= told=
pass_on() { told=yes; [ -z "$train" ] || kill -USR1 "$train" 2>/dev/null; }
trap pass_on USR1 TERM
)";

constexpr const char* kEnd = R"(
train=$!
[ -z "$told" ] || pass_on
wait "$train"; code=$?
# A signal ends this waiting, not the training.
while kill -0 "$train" 2>/dev/null; do wait "$train"; code=$?; done

# 0: nothing is left to train. Interrupted, out of time, ended by a signal: networks are left.
case $code in
  130 | 138 | 143) ;;
  137) [ "${SLURM_RESTART_COUNT:-0}" -lt 10 ] || exit "$code" ;;
  *) exit "$code" ;;
esac
# The task goes back to the queue, if it is not cancelled or taken off the node already: then it is not RUNNING.
unset ${!SQUEUE_@}
back=
job=${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}
for try in 1 2 3 4 5 6 7 8 9 10 11 12; do
  state=$(squeue --noheader --states=all --jobs="$job" --format=%T 2>/dev/null)
  case $state in
    RUNNING)
      echo "$job: networks are left, the task goes back to the queue"
      scontrol requeue "$job" && back=yes && break
      ;;
    '') ;; # no answer
    *) exit "$code" ;;
  esac
  sleep 5 & wait $!
done
# While a preemption's time of grace lasts, a job that ends counts as completed and does not come back.
while [ -n "$told$back" ]; do sleep 5 & wait $!; done
exit "$code"
)";

std::string Work(const BatchJob& job) {
  std::string text = ShellWord(job.program) + " train --db " + ShellWord(job.database);
  if (job.shards) {
    text = fmt::format("shard=$(({} + SLURM_ARRAY_TASK_ID))\n", job.shards->first) + text +
           fmt::format(" \\\n  --shard \"$shard/{}\" --out {}\"/$shard.db\"", job.shards->total,
                       ShellWord(job.shards->folder));
  }
  for (const std::string& word : job.train) text += " " + ShellWord(word);
  return text + " &";
}

}  // namespace

std::string ShellWord(const std::string& word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:,+@";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? "'\\''" : std::string(1, c);
  return text + "'";
}

std::string BatchScript(const BatchJob& job) {
  std::string text = "#!/bin/bash\n" + Options(job);
  text += fmt::format(
      "\n# Made by 'dse submit' (dse {}). Each task trains what is missing in the database until "
      "nothing is left or its\n# time is nearly up; then it goes back to the queue. Logs lie in "
      "{}.\n",
      Version(), job.log_folder);
  text += kTraps;
  if (!job.before.empty()) {
    text += "\n" + job.before + (job.before.ends_with('\n') ? "" : "\n");
  }
  return text + "\n" + Work(job) + kEnd;
}

std::string MergeScript(const MergeJob& job) {
  std::string after;
  for (const std::string& id : job.after) after += (after.empty() ? "afterany:" : ":") + id;
  const std::string name = std::filesystem::path(job.database).stem().string();
  std::string text = "#!/bin/bash\n" + OptionLine("job-name", "dse-merge-" + name);
  text += OptionLine("comment", JobComment(job.database));
  text += "#SBATCH --dependency=" + after + "\n";
  if (job.partition) text += OptionLine("partition", *job.partition);
  if (job.account) text += OptionLine("account", *job.account);
  text += "#SBATCH --ntasks=1\n#SBATCH --requeue\n#SBATCH --open-mode=append\n";
  text += OptionLine("chdir", job.folder);
  text += OptionLine("output", LogPattern(job.log_folder, "merge-%j.log"));
  text +=
      "\n# Takes what the tasks of the arrays before wrote, each into its shard, into the "
      "database.\n";
  return text + fmt::format("exec {} merge --db {} --move-files {}\n", ShellWord(job.program),
                            ShellWord(job.database), ShellWord(job.shard_folder));
}

int64_t SignalSeconds(std::optional<int64_t> limit) {
  return limit ? std::clamp<int64_t>(*limit / 10, 20, 120) : 120;
}

}  // namespace dse
