#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <system_error>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/train_call.h"
#include "core/error.h"
#include "core/file_system.h"
#include "core/shell_word.h"
#include "core/subprocess.h"
#include "db/database.h"
#include "db/shard.h"
#include "runner/slurm/limits.h"
#include "runner/slurm/queue.h"
#include "runner/slurm/submission.h"
#include "runner/slurm/task_count.h"
#include "runner/slurm/task_spread.h"
#include "runner/torch_module.h"
#include "runner/work/device_assignment.h"
#include "runner/work/forecast.h"
#include "runner/work/shard.h"

namespace dse {
namespace {

namespace fs = std::filesystem;

struct SubmitOptions {
  std::string db;
  std::optional<int64_t> tasks;  // proposed if not given
  std::optional<std::string> partition, gres, time, memory, account;
  std::optional<int> gpus, cpus;  // of a task
  std::vector<std::string> sbatch;
  std::optional<std::string> before;
  std::string shared_file;  // "yes", "no", "" = by the file system
  bool dry_run = false;
  std::vector<std::string> train;
  std::vector<std::string> lock_wait;  // the words of --lock-wait, for whoever opens the file
};

// Options of `dse train` that belong to the submission.
const std::vector<std::pair<std::string, std::string>> kTakenOptions{
    {"--db", "it is given to 'dse submit' itself, in front of '--'"},
    {"--dry-run", "'dse submit --dry-run' prints the scripts"},
    {"--time-limit", "a task works until its own limit, 'dse submit --time'"},
    {"--limit", "tasks work until nothing is left"},
    {"--shard", "each task gets its own"},
    {"--out", "each task gets its own shard"},
    {"--help", "see 'dse train --help'"},
    {"-h", "see 'dse train --help'"}};

void RefuseTakenOptions(const std::vector<std::string>& train) {
  for (const std::string& word : train) {
    for (const auto& [name, reason] : kTakenOptions) {
      if (word == name || word.starts_with(name + "=")) {
        throw UsageError(name + " cannot stand behind '--': " + reason);
      }
    }
  }
}

bool ReadOptions(std::span<const std::string> args, SubmitOptions& options) {
  OptionParser parser(
      "submit --db FILE [options] -- --data URI [options of dse train]",
      "Gives Slurm an array of jobs, each of which trains networks of the file that have no "
      "finished run until its time\nis nearly up, and then goes back to the queue. Behind '--' "
      "stands what 'dse train' is to be told.");
  parser.Text("db", "FILE", &options.db, "results database, on a disk that all nodes see");
  parser.Int("tasks", "N", &options.tasks, 1, 1'000'000,
             "jobs of the array (default: by the missing runs and their time)");
  parser.Text("partition", "P", &options.partition, "default: Slurm's default");
  parser.Text("gres", "G", &options.gres, "of a task, such as gpu:1");
  parser.Int("gpus-per-task", "K", &options.gpus, 1, 1024, "in place of --gres");
  parser.Text("time", "T", &options.time,
              "limit of a task: 90m, 2h, or as Slurm writes it (default: the partition's)");
  parser.Int("cpus", "C", &options.cpus, 1, 4096, "of a task");
  parser.Text("mem", "M", &options.memory, "of a task, such as 16G");
  parser.Text("account", "A", &options.account, "whom the time is charged to");
  parser.List("sbatch", "OPTION", &options.sbatch,
              "more options of sbatch, such as --sbatch=--constraint=a100");
  parser.Text("before", "FILE", &options.before,
              "lines of shell ahead of the work: modules, environment");
  parser.OneOf("shared-file", {"yes", "no"}, &options.shared_file,
               "whether tasks write the file itself (yes) or a shard each, which a last job merges "
               "(default: shards on network file systems)");
  parser.Flag("dry-run", &options.dry_run, "print the scripts and submit nothing");
  parser.Require("db");
  const auto border = std::find(args.begin(), args.end(), "--");
  if (!parser.Parse({args.begin(), border})) return false;
  if (border == args.end()) {
    throw UsageError(
        "options of 'dse train' are missing: write them behind '--', at least '-- --data URI'");
  }
  options.train.assign(border + 1, args.end());
  for (auto word = args.begin(); word != border; ++word) {
    if (word->starts_with("--lock-wait=")) options.lock_wait = {*word};
    if (*word == "--lock-wait") options.lock_wait = {*word, *(word + 1)};
  }
  RefuseTakenOptions(options.train);
  if (options.gres && options.gpus) throw UsageError("give --gres or --gpus-per-task, not both");
  return true;
}

std::optional<int64_t> TimeLimit(const SubmitOptions& options) {
  if (!options.time) return {};
  try {
    return ParseSlurmTime(*options.time);
  } catch (const Error& error) {
    throw UsageError(std::string("--time: ") + error.what());
  }
}

std::string ReadLines(const std::string& path) {
  std::error_code none;
  if (fs::is_directory(path, none)) throw Error(path + ": is a folder, not lines of shell");
  std::ifstream in(path, std::ios::binary);  // a pipe, perhaps
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in) throw Error(path + ": cannot be read");
  if (text.find('\0') != std::string::npos) throw Error(path + ": is no text");
  return text;
}

// With links followed, as the tasks will see it.
std::string AbsolutePath(const std::string& path) {
  std::error_code failure;
  const fs::path absolute = fs::canonical(path, failure);
  if (failure) throw Error(path + ": " + failure.message());
  return absolute.string();
}

// Of a task; 0 if it asks for none.
int GpusOfTask(const SubmitOptions& options) {
  if (!options.gres || !options.gres->starts_with("gpu")) return options.gpus.value_or(0);
  const int gpus = std::atoi(options.gres->substr(options.gres->rfind(':') + 1).c_str());
  return std::clamp(gpus, 1, 1024);
}

// How many tasks a partition runs at once.
int64_t Places(const Partition& partition, const SubmitOptions& options) {
  const int gpus = GpusOfTask(options);
  if (gpus > 0 && partition.gpus > 0) return partition.gpus / gpus;
  return partition.cpus / options.cpus.value_or(1);
}

// Queued jobs are no error: their tasks and the new ones share what is missing.
void TellQueued(const JobQueue& queue, const std::string& database) {
  if (queue.jobs.empty()) return;
  constexpr size_t kNamed = 5;
  std::string names;
  for (size_t i = 0; i < std::min(kNamed, queue.jobs.size()); ++i) {
    names += (i == 0 ? "" : ", ") + queue.jobs[i].Name();
  }
  if (queue.jobs.size() > kNamed) names += ", ...";
  Say(false, "dse: " + std::to_string(queue.jobs.size()) + " jobs for " + database +
                 " are queued or running already: " + names);
}

void CheckAnswered(SlurmAnswer answer, const std::string& error) {
  if (answer == SlurmAnswer::kAnswered) return;
  throw Error((answer == SlurmAnswer::kNoSlurm ? "Slurm is not to be found here: "
                                               : "Slurm does not answer: ") +
              error);
}

// Everything about the training that can be known here, as the command would find it out itself.
struct Work {
  WantedRuns wanted;
  Forecast forecast;
  int workers = 1;
  std::string engine;  // auto, native, torch
};

Work CheckTraining(const SubmitOptions& options) {
  std::vector<std::string> words{"--db", options.db};
  words.insert(words.end(), options.lock_wait.begin(), options.lock_wait.end());
  words.insert(words.end(), options.train.begin(), options.train.end());
  const TrainCall call = ReadTrainCall(words);
  Database db = Database::Open(options.db, OpenMode::kReadOnly);
  // What a task will see of its machine.
  const MachineShare task{
      options.cpus.value_or(1), {}, std::vector<std::string>(size_t(GpusOfTask(options)), "GPU")};
  return {call.wanted, ForecastPlan(db, call.wanted, 1),
          AssignDevices(call.devices, task).workers(), call.engine};
}

// `limit` is the one that a task gets.
TaskCount Propose(const SubmitOptions& options, const Work& work, const Partition& partition,
                  std::optional<int64_t> limit) {
  TaskCountInput input;
  input.missing = work.forecast.missing;
  if (work.forecast.seconds) input.run_seconds = *work.forecast.seconds / double(input.missing);
  input.workers = work.workers;
  if (limit) input.seconds = double(*limit - SignalSeconds(limit));
  input.places = Places(partition, options);
  return ProposeTasks(input);
}

// `numbers` of the missing runs share them among shards; none where the tasks share the file.
int64_t ChooseTasks(const SubmitOptions& options, const Work& work, const Partition& partition,
                    std::optional<int64_t> limit, std::span<const uint64_t> numbers) {
  TaskCount count{options.tasks.value_or(0), ""};
  if (!options.tasks) count = Propose(options, work, partition, limit);
  const TaskSpread spread = SpreadOver(numbers, count.tasks);
  const TaskSpread even = FindEvenSpread(numbers, count.tasks);
  const std::string uneven = std::to_string(spread.fullest) + " of the " +
                             std::to_string(numbers.size()) + " runs into one shard";
  if (options.tasks) {
    if (even.tasks != count.tasks) {
      Say(false, "dse: --tasks " + std::to_string(count.tasks) + " puts " + uneven + "; --tasks " +
                     std::to_string(even.tasks) + " would share them better, at most " +
                     std::to_string(even.fullest) + " a shard");
    }
    return count.tasks;
  }
  if (even.tasks != count.tasks) {
    count.reason += "; not " + std::to_string(count.tasks) + ", which puts " + uneven;
  }
  Say(false, "dse: " + std::to_string(even.tasks) + " tasks (--tasks): " + count.reason);
  return even.tasks;
}

BatchJob MakeJob(const SubmitOptions& options, std::optional<int64_t> limit) {
  BatchJob job;
  job.program = AbsolutePath("/proc/self/exe");
  job.database = AbsolutePath(options.db);
  job.folder = fs::current_path().string();
  job.log_folder = job.database + ".slurm";
  job.partition = options.partition;
  job.gres = options.gres;
  job.memory = options.memory;
  job.account = options.account;
  job.cpus = options.cpus;
  job.gpus = options.gpus;
  job.seconds = limit;
  job.more = options.sbatch;
  if (options.before) job.before = ReadLines(*options.before);
  job.train = options.train;
  return job;
}

// Whether each task writes a shard of its own, and why.
bool UseShards(const SubmitOptions& options, const std::string& database) {
  if (!options.shared_file.empty()) return options.shared_file == "no";
  const FileSystem system = FileSystemOf(database);
  const bool shards = system.network || !system.known;  // one that is not known may be a network's
  Say(false, "dse: " + database + " lies on " +
                 (system.known ? "" : "a file system that is not known, ") + system.name + ": " +
                 (shards ? "each task writes a shard, and a last job merges them"
                         : "the tasks share the file") +
                 (system.known ? "" : "; where it is a local disk, give --shared-file yes"));
  return shards;
}

std::string ShardFolder(const std::string& database) {
  return fs::path(ShardPath(database, 0)).parent_path().string();
}

bool HasShards(const std::string& folder) {
  std::error_code failure;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, failure)) {
    if (entry.path().extension() == ".db") return true;
  }
  return false;
}

// What a command printed.
std::string InOneLine(const std::string& text) {
  std::string line;
  std::istringstream in(text);
  for (std::string each; std::getline(in, each);) line += (line.empty() ? "" : "; ") + each;
  return line;
}

// What the shards of earlier jobs, which died or never began, hold.
void MergeLeftShards(const BatchJob& job, const std::string& folder, bool dry_run) {
  if (!HasShards(folder)) return;
  const std::vector<std::string> words{job.program,    "merge",  "--db",     job.database,
                                       "--move-files", "--wait", kMergeWait, folder};
  if (dry_run) {
    Say(false, "dse: the shards in " + folder + " would be merged first");
    return;
  }
  Say(false, "dse: merging the shards of earlier jobs in " + folder);
  SubprocessOptions options;
  options.seconds = 24 * 3600.0;
  options.own_group = false;  // Ctrl-C ends it too
  const std::optional<SubprocessResult> result = RunSubprocess(words, options);
  if (!result || result->code != 0) {
    throw Error("the shards of earlier jobs in " + folder + " cannot be merged: " +
                (result ? InOneLine(result->out + result->err) : job.program + " is gone"));
  }
}

void Submit(const std::vector<BatchJob>& arrays) {
  const BatchJob& job = arrays.front();
  MakeFolder(job.log_folder);
  if (job.shards) MakeFolder(job.shards->folder);
  const std::vector<std::string> ids = SubmitArrays(arrays, [](const SubmittedArray& array) {
    PrintLine("job " + array.id + ": " + std::to_string(array.job.tasks) + " tasks, script " +
              array.script + ", logs " + array.job.log_folder + "/" + array.id + "_*.log");
    std::cout << std::flush;
  });
  if (!job.shards) return;
  const std::string unknown = GiveWayToEarlier(job.database, ids);
  if (!unknown.empty()) {
    Say(false, "dse: whether somebody else submitted for " + job.database +
                   " in the same moment is not known: " + unknown);
  }
  try {
    const std::string script = KeepScript(job.log_folder, "merge", MergeScript(job, ids));
    PrintLine("job " + SubmitScript(script) + ": merges the shards when they end, script " +
              script);
  } catch (const Error& error) {
    throw Error(std::string(error.what()) + "; the tasks run, but nothing merges their shards: " +
                "when they have ended, call: dse merge --db " + ShellWord(job.database) +
                " --move-files --wait " + kMergeWait + " " + ShellWord(job.shards->folder));
  }
}

const Partition& CheckPartition(const ClusterLimits& limits, const SubmitOptions& options,
                                std::optional<int64_t> limit) {
  const Partition& partition = ChoosePartition(limits, options.partition, limit);
  if (UsableNodes(partition.name) == 0) {
    Say(false, "dse: no node of the partition '" + partition.name +
                   "' is up now; the jobs wait until one is");
  }
  return partition;
}

// Tells the job whether it writes shards. Jobs that are queued for the file already are told of, or
// in the way where they write shards; where there are none, shards that are left are merged, and
// true is answered.
bool PrepareShards(const SubmitOptions& options, BatchJob& job) {
  const JobQueue queue = JobsOf(options.db);
  CheckAnswered(queue.answer, queue.error);
  const std::string folder = ShardFolder(job.database);
  if (UseShards(options, job.database)) job.shards = ShardedJob{folder, 1, 0};
  if (job.shards && !queue.jobs.empty()) {
    throw Error("job " + queue.jobs.front().Name() + " for " + options.db +
                " is queued or running, and may still write its shard; submit again when it has "
                "ended, or end it with scancel");
  }
  TellQueued(queue, options.db);
  if (!queue.jobs.empty() || !HasShards(folder)) return false;
  MergeLeftShards(job, folder, options.dry_run);
  return true;
}

}  // namespace

int RunSubmit(std::span<const std::string> args) {
  SubmitOptions options;
  if (!ReadOptions(args, options)) return kExitOk;
  const std::optional<int64_t> limit = TimeLimit(options);
  Work work = CheckTraining(options);
  // Throws where tasks would miss it: GPUs are trained on by LibTorch alone.
  if (work.engine == "torch" || (work.engine == "auto" && GpusOfTask(options) > 0))
    TorchModulePath();
  BatchJob job = MakeJob(options, limit);
  BatchScript(job);  // throws for what cannot stand in it
  const ClusterLimits limits = ReadLimits();
  CheckAnswered(limits.answer, limits.error);
  const Partition& partition = CheckPartition(limits, options, limit);
  const std::optional<int64_t> task_limit = limit ? limit : partition.LimitOfJobs();
  job.signal_seconds = SignalSeconds(task_limit);
  if (PrepareShards(options, job)) work = CheckTraining(options);
  Say(false, "dse: " + std::to_string(work.forecast.wanted) + " runs wanted, " +
                 std::to_string(work.forecast.finished) + " finished, " +
                 std::to_string(work.forecast.missing) + " missing");
  if (work.forecast.missing == 0) return kExitOk;
  std::vector<uint64_t> numbers;
  if (job.shards) numbers = OpenRunNumbers(options.db, work.wanted);
  job.tasks = ChooseTasks(options, work, partition, task_limit, numbers);
  if (job.shards) job.shards->total = job.tasks;
  const std::vector<BatchJob> arrays = SplitArray(job, limits.max_array);
  if (options.dry_run) {
    std::cout << ShowScripts(arrays);
  } else {
    Submit(arrays);
  }
  return kExitOk;
}

}  // namespace dse
