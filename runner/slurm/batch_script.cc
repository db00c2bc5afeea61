#include "runner/slurm/batch_script.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

#include "core/error.h"
#include "core/printable.h"
#include "core/shell_word.h"
#include "core/version.h"
#include "runner/slurm/limits.h"
#include "runner/slurm/queue.h"

namespace dse {
namespace {

// Whether a line can hold it, and whoever reads the line sees what it says.
bool IsOneLine(const std::string& text) { return Printable(text) == text; }

// A line of options; sbatch reads single quotes as a shell does.
std::string OptionLine(const std::string& option, const std::string& value) {
  if (!IsOneLine(value)) {
    throw Error(
        fmt::format("--{} of a job cannot hold a line break, another control character or what is "
                    "not UTF-8: '{}'; choose another name",
                    option, value));
  }
  if (value.find('\\') != std::string::npos) {
    throw Error(
        fmt::format("--{} of a job cannot hold a backslash, which Slurm would drop: '{}'; choose "
                    "another name",
                    option, value));
  }
  return fmt::format("#SBATCH --{}={}\n", option, ShellWord(value));
}

// A folder in a pattern for names of logs.
std::string LogPattern(const std::string& folder, const std::string& pattern) {
  std::string text;
  for (const char c : folder) text += c == '%' ? "%%" : std::string(1, c);
  return text + "/" + pattern;
}

// Options that a script or `dse submit` sets itself, or that would keep sbatch from its answer.
// They may not come abbreviated either.
constexpr std::array<std::string_view, 28> kOwn{
    "account",   "array",     "chdir",    "clusters", "comment",   "cpus-per-task", "dependency",
    "gpus",      "gres",      "help",     "job-name", "mem",       "gpus-per-task", "no-requeue",
    "ntasks",    "open-mode", "output",   "parsable", "partition", "requeue",       "signal",
    "test-only", "time",      "time-min", "usage",    "version",   "wait",          "wrap"};
constexpr std::string_view kOwnLetters = "AaDdMcJpnotWhV";
constexpr std::string_view kLettersAlone = "HIkOQsvX";  // others may follow in the same word

bool IsOwn(std::string_view word) {
  if (word.starts_with("--")) {
    const std::string_view name = word.substr(2, word.find('=') - 2);
    return std::ranges::any_of(kOwn, [&](std::string_view own) { return own.starts_with(name); });
  }
  if (!word.starts_with('-')) return false;
  const size_t first = word.find_first_not_of(kLettersAlone, 1);
  return first != word.npos && kOwnLetters.find(word[first]) != word.npos;
}

void RefuseOwn(const std::string& line) {
  std::string plain = line;  // quotes may stand anywhere in a word
  std::erase_if(plain, [](char c) { return c == '\'' || c == '"'; });
  for (size_t begin = 0; begin < plain.size();) {
    const size_t end = std::min(plain.find(' ', begin), plain.size());
    const std::string word = plain.substr(begin, end - begin);
    if (IsOwn(word)) {
      throw Error("--sbatch cannot set " + word.substr(0, word.find('=')) +
                  ": 'dse submit' has an option for it, or the job needs it as it is");
    }
    begin = end + 1;
  }
}

std::string MoreOptions(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    if (!IsOneLine(line) || !line.starts_with('-') || line.find('\\') != std::string::npos) {
      throw Error(
          "--sbatch takes options of sbatch in one line, such as '--constraint=a100', not '" +
          line + "'");
    }
    RefuseOwn(line);
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

// Names of its own, as the lines ahead of the work may have any.
constexpr const char* kTraps = R"(
# Slurm tells with USR1 that the time is nearly up, and with TERM that the job has to go. Training is told by USR1:
# it stops within a step, keeps a checkpoint and gives its network back.
dse_train= dse_told=
dse_pass_on() { dse_told=yes; [ -z "$dse_train" ] || kill -USR1 "$dse_train" 2>/dev/null; }
trap dse_pass_on USR1 TERM
)";

// What the lines ahead of the work may have changed.
constexpr const char* kAgain = R"(set +eu
dse_train=
trap dse_pass_on USR1 TERM
)";

// A shell would compute with whatever stands in a variable, and run what is in it.
constexpr const char* kTask = R"(
case ${SLURM_ARRAY_JOB_ID:-none}${SLURM_ARRAY_TASK_ID:-none} in
  *[!0-9]*)
    echo "this is no task of an array of jobs: sbatch starts them" >&2
    exit 2
    ;;
esac
job=${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}
)";

constexpr const char* kEnd = R"(
dse_train=$!
[ -z "$dse_told" ] || dse_pass_on
wait "$dse_train"; code=$?
# A signal ends this waiting, not the training.
while kill -0 "$dse_train" 2>/dev/null; do wait "$dse_train"; code=$?; done

# 0: nothing is left to train. Interrupted, out of time (130), or ended by a signal: networks are left. What a signal
# ends ten times one after the other does not come back.
case $code in
  130) rm -f "$kills" ;;
  137 | 138 | 143)
    echo "$code" >> "$kills" || exit "$code"
    count=$(wc -l < "$kills")
    [ "${count:-10}" -lt 10 ] || exit "$code"
    ;;
  *)
    rm -f "$kills"
    exit "$code"
    ;;
esac
# The task goes back to the queue, if it is not cancelled or taken off the node already. A controller that does not
# answer is asked until it does.
unset ${!SQUEUE_@} SLURM_CLUSTERS
refused=0
while :; do
  state=$(squeue --noheader --states=all --jobs="$job" --format=%T 2>/dev/null)
  case $state in
    RUNNING)
      echo "$job: networks are left, the task goes back to the queue"
      scontrol requeue "$job" && break
      refused=$((refused + 1))
      [ -n "$dse_told" ] || [ "$refused" -lt 12 ] || exit "$code"
      ;;
    COMPLETING | COMPLETED | CANCELLED* | FAILED | TIMEOUT | NODE_FAIL | PREEMPTED | PENDING | OUT_OF_MEMORY | \
      DEADLINE | BOOT_FAIL | REVOKED | SPECIAL_EXIT) exit "$code" ;;
  esac
  sleep 5 & wait $!
done
# While a preemption's time of grace lasts, a job that ends counts as completed and does not come back.
while :; do sleep 5 & wait $!; done
)";

// The lines ahead of the work.
std::string Before(const BatchJob& job) {
  if (job.before.empty()) return "";
  return "\n" + job.before + (job.before.ends_with('\n') ? "" : "\n");
}

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

std::string BatchScript(const BatchJob& job) {
  std::string text = "#!/bin/bash\n" + Options(job);
  text += fmt::format(
      "\n# Made by 'dse submit' (dse {}). Each task trains what is missing in the database "
      "until "
      "nothing is left or its\n# time is nearly up; then it goes back to the queue. Logs lie "
      "in "
      "{}.\n",
      Version(), job.log_folder);
  text += kTraps + Before(job);
  if (!job.before.empty()) text += kAgain;
  text += kTask + ("kills=" + ShellWord(job.log_folder)) + "/$job.kills\n";
  return text + Work(job) + kEnd;
}

std::string MergeScript(const BatchJob& job, const std::vector<std::string>& after) {
  std::string ids;
  for (const std::string& id : after) ids += (ids.empty() ? "afterany:" : ":") + id;
  const std::string name = std::filesystem::path(job.database).stem().string();
  std::string text = "#!/bin/bash\n" + OptionLine("job-name", "dse-merge-" + name);
  text += OptionLine("comment", JobComment(job.database));
  text += "#SBATCH --dependency=" + ids + "\n";
  if (job.partition) text += OptionLine("partition", *job.partition);
  if (job.account) text += OptionLine("account", *job.account);
  text += "#SBATCH --ntasks=1\n#SBATCH --requeue\n#SBATCH --open-mode=append\n";
  text += OptionLine("chdir", job.folder);
  text += OptionLine("output", LogPattern(job.log_folder, "merge-%j.log"));
  text += MoreOptions(job.more);
  text +=
      "\n# Takes what the tasks of the arrays before wrote, each into its shard, into the "
      "database.\n" +
      Before(job);
  return text + fmt::format("exec {} merge --db {} --move-files --wait {} {}\n",
                            ShellWord(job.program), ShellWord(job.database), kMergeWait,
                            ShellWord(job.shards->folder));
}

int64_t SignalSeconds(std::optional<int64_t> limit) {
  return limit ? std::clamp<int64_t>(*limit / 10, 20, 120) : 120;
}

}  // namespace dse
