#include <algorithm>
#include <charconv>
#include <cstdio>
#include <iostream>
#include <map>
#include <set>

#include "cli/command.h"
#include "cli/data_notes.h"
#include "cli/device_options.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/train_call.h"
#include "core/parallel.h"
#include "core/suggest.h"
#include "db/plan.h"
#include "db/populations.h"
#include "db/status.h"
#include "runner/trainers.h"
#include "runner/training/weight_differences.h"
#include "runner/work/forecast.h"
#include "runner/work/kept_weights.h"
#include "runner/work/placement.h"
#include "runner/work/plan.h"
#include "runner/work/run_files.h"
#include "runner/work/shard.h"
#include "runner/work/train.h"
#include "runner/work/trainer_check.h"

namespace dse {
namespace {

struct TrainOptions {
  TrainRequest request;
  std::string data;
  std::optional<std::string> recipe;  // default by the members' resolution
  std::vector<std::string> settings;  // key=value on top of the recipe
  std::string weight_names = "torchvision";
  std::optional<std::string> workers;  // a number or auto
  std::optional<std::string> part;     // K/N
  std::optional<ShardRequest> shard;
  std::string shard_path;
  bool dry_run = false;
  bool quiet = false;
};

WeightNames ParseWeightNames(const std::string& word) {
  if (word == "torchvision") return WeightNames::kTorchvision;
  if (word == "timm") return WeightNames::kTimm;
  const std::vector<std::string> known{"torchvision", "timm"};
  throw UsageError("--weight-names is torchvision or timm, not '" + word + "'" +
                   DidYouMean(word, known));
}

int ParseWorkers(const std::optional<std::string>& word, bool on_each_gpu) {
  constexpr int kMost = 256;
  if (!word) return on_each_gpu ? kAutoWorkers : 1;
  if (*word == "auto") return kAutoWorkers;
  int workers = 0;
  const char* end = word->data() + word->size();
  const auto [stop, code] = std::from_chars(word->data(), end, workers);
  if (code == std::errc() && stop == end && workers >= 1 && workers <= kMost) return workers;
  throw UsageError("--workers must be auto or a whole number from 1 to " + std::to_string(kMost) +
                   ", not '" + *word + "'");
}

// Throws UsageError.
std::optional<ShardRequest> ParseShard(const TrainOptions& options) {
  if (!options.part) {
    if (!options.shard_path.empty()) throw UsageError("--out is the file of a --shard");
    return std::nullopt;
  }
  ShardRequest shard;
  shard.path = options.shard_path;
  const std::string& text = *options.part;
  const size_t slash = text.find('/');
  const auto number = [](const std::string& digits, int64_t& value) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc() && end == digits.data() + digits.size();
  };
  if (slash == text.npos || !number(text.substr(0, slash), shard.part.index) ||
      !number(text.substr(slash + 1), shard.part.count) || shard.part.index < 0 ||
      shard.part.index >= shard.part.count) {
    throw UsageError("--shard is K/N, with K from 0 to N-1, not '" + text + "'");
  }
  return shard;
}

bool ReadOptions(std::span<const std::string> args, TrainOptions& options) {
  OptionParser parser(
      "train --db FILE --data URI [options]",
      "Trains the networks that have no finished run with this recipe on this dataset. "
      "Can be stopped at any time and\nstarted again; several may work on one file.");
  TrainRequest& request = options.request;
  parser.Text("db", "FILE", &request.db_path, "results database");
  parser.Text("data", "URI", &options.data,
              "synthetic[:easy|:hard], cifar10:DIR, folder:DIR or pack:FILE");
  parser.Text("recipe", "NAME|FILE", &options.recipe,
              "training settings (default: cifar below 64 px, else paper-10)");
  parser.List("set", "KEY=VALUE", &options.settings, "settings on top of the recipe");
  parser.List("population", "NAME", &request.populations, "only these populations");
  parser.Int("seed", "S", &request.seed, 0, INT64_MAX, "of the first repeat (default 0)");
  parser.Int("repeats", "N", &request.repeats, 1, 100'000,
             "runs of each network, seeds S, S+1, ...");
  AddDeviceOptions(parser, request.trainer);
  parser.Text("workers", "N|auto", &options.workers,
              "processes that train side by side; auto: one on each GPU, or as the cores allow "
              "(default 1)");
  parser.Int("workers-per-gpu", "K", &request.workers_per_gpu, 1, 64,
             "so many on each GPU, for small networks; implies --workers auto");
  parser.Int("threads", "T", &request.trainer.threads, 0, 1024,
             "of each worker (default cores/workers)");
  parser.Int("replicas", "K", &request.trainer.replicas, 1, 64,
             "copies of each network that share its batches: one on each GPU, or in threads "
             "(default 1)");
  parser.Flag("keep-weights", &request.keep_weights,
              "keep the weights of finished runs as safetensors");
  parser.Text("weight-names", "LIBRARY", &options.weight_names,
              "names of kept weights: torchvision or timm (default torchvision)");
  parser.Text("work-dir", "DIR", &request.work_dir,
              "where checkpoints and weights lie (default FILE.d)");
  parser.Int("limit", "N", &request.limit, 0, INT64_MAX, "train at most so many runs now");
  parser.Duration("time-limit", &request.time_limit, "start no run after this time (90s, 15m, 2h)");
  parser.Int("retries", "N", &request.retries, 0, 1000, "of a run that failed (default 2)");
  parser.Text("shard", "K/N", &options.part,
              "only read FILE, and train part K (from 0) of N of its runs into a file of its own");
  parser.Text("out", "SHARD", &options.shard_path,
              "that file (default FILE.shards/K.db); 'dse merge' brings it back");
  parser.Flag("dry-run", &options.dry_run,
              "say how many runs are missing and about how long they take");
  parser.Flag("quiet,q", &options.quiet, "no progress");
  parser.Require("db");
  parser.Require("data");
  if (!parser.Parse(args)) return false;
  request.weight_names = ParseWeightNames(options.weight_names);
  request.workers = ParseWorkers(options.workers, request.workers_per_gpu.has_value());
  request.list_gpus = ListGpus;
  options.shard = ParseShard(options);
  return true;
}

// The recipe that is the default of every member. Throws UsageError where they have several: what
// was trained by different recipes is not one study.
std::string DefaultRecipe(const std::vector<StoredMember>& members) {
  std::map<std::string, int64_t> networks;  // by name of the recipe
  for (const StoredMember& member : members) {
    ++networks[DefaultRecipeName(member.draw.model.frame.resolution)];
  }
  if (networks.size() == 1) return networks.begin()->first;
  std::string text;
  for (const auto& [name, count] : networks) {
    text += (text.empty() ? "" : ", ") + name + " for " + std::to_string(count) + " networks";
  }
  throw UsageError("the default recipe depends on the resolution: " + text +
                   "; give --recipe for all of them, or choose with --population");
}

Recipe ChooseRecipe(const TrainOptions& options, const std::vector<StoredMember>& members) {
  return WithSettings(LoadRecipe(options.recipe ? *options.recipe : DefaultRecipe(members)),
                      options.settings);
}

// Before a database is opened, as it may ask another process.
int MostWorkers(const TrainRequest& request) {
  if (request.workers != kAutoWorkers) return request.workers;
  return PlaceWorkers(request, SeeGpus(request), INT64_MAX).devices.workers();
}

OpenMode OpenModeFor(const TrainOptions& options) {
  if (options.shard) return OpenMode::kUntouched;
  return options.dry_run ? OpenMode::kReadOnly : OpenMode::kReadWrite;
}

int DryRun(const TrainOptions& options, WantedRuns wanted) {
  const int most = MostWorkers(options.request);
  const std::string& path = options.request.db_path;
  if (options.shard) wanted = ChoosePart(path, wanted, options.shard->part);
  Database db = Database::Open(path, OpenModeFor(options));
  const Forecast forecast = ForecastPlan(db, wanted, 1);
  const bool chosen = options.request.workers == kAutoWorkers;
  const int64_t workers = chosen ? std::clamp<int64_t>(forecast.missing, 1, most) : most;
  std::cout << forecast.wanted << " runs wanted, " << forecast.finished << " finished, "
            << forecast.missing << " missing";
  if (forecast.missing > 0 && forecast.seconds) {
    std::cout << ", about " << FormatDuration(*forecast.seconds / double(workers)) << " with "
              << workers << " workers";
  } else if (forecast.missing > 0) {
    std::cout << ", no finished run to tell the time from";
  }
  std::cout << '\n';
  return kExitOk;
}

// Turns the request into one of the shard. False if nothing of it is to be trained.
bool TakeShard(TrainOptions& options, const std::vector<StoredMember>& members,
               const DatasetInfo& data) {
  TrainRequest& request = options.request;
  const std::string file = request.db_path;
  const ShardSummary shard =
      EnterShard(*options.shard,
                 MakePlan(members, request.recipe, data, request.seed, request.repeats), request);
  const std::string told = TellShard(shard, file);
  if (!told.empty()) Say(options.quiet, request.db_path + ": " + told);
  if (shard.keys.empty()) Say(options.quiet, request.db_path + ": nothing is left to train here");
  return !shard.keys.empty();
}

// What was said last: of workers that ended, and of the devices that they work on.
struct Told {
  std::string placement;
  std::string workers;
  std::string devices;
};

// What is new of the workers is said at once.
void ShowProgress(ProgressLine& line, const TrainProgress& progress, Told& told) {
  if (progress.placement != told.placement) line.Tell(progress.placement);
  told.placement = progress.placement;
  if (progress.devices != told.devices) line.Tell("training on " + progress.devices);
  told.devices = progress.devices;
  const std::string workers = progress.workers.Text();
  if (!workers.empty() && workers != told.workers) Say(false, "dse: " + workers);
  told.workers = workers;
  std::string note;
  if (progress.best_error) {
    char text[32];
    std::snprintf(text, sizeof text, "best %.2f%%", *progress.best_error);
    note = text;
  }
  const StateCounts& states = progress.plan.states;
  line.Update(states.final() + states[RunState::kFailed], states.total(), note);
}

// Finished runs are not trained again, so weights wanted afterwards come by another way.
void TellWithoutWeights(const TrainRequest& request, const std::string& fingerprint,
                        const PlanSummary& plan) {
  if (!request.keep_weights || plan.states[RunState::kDone] == 0) return;
  Database db = Database::Open(request.db_path, OpenMode::kReadOnly);
  RunFilter done;
  done.series.populations = request.populations;
  const std::set<int64_t> wanted(plan.run_ids.begin(), plan.run_ids.end());
  const std::vector<int64_t> without =
      DoneWithoutWeights(db, done, WorkFolder(request.db_path, request.work_dir));
  const auto count =
      std::ranges::count_if(without, [&](int64_t id) { return wanted.contains(id); });
  if (count == 0) return;
  const std::string command =
      RetryWithWeightsCommand(request.db_path, request.work_dir,
                              {request.populations, {RecipeHash(request.recipe)}, {fingerprint}});
  Say(/*quiet=*/false, std::to_string(count) + " finished runs have no kept weights; '" + command +
                           "' makes this command train them again");
}

// Says once in what the networks whose weights are kept differ from the libraries' of these names.
void TellWeights(const std::vector<StoredMember>& members, const TrainOptions& options) {
  if (!options.request.keep_weights) return;
  std::vector<Model> models;
  for (const StoredMember& member : members) models.push_back(member.draw.model);
  for (const std::string& text : TellDifferences(models, options.request.weight_names)) {
    Say(options.quiet, text);
  }
}

void ThrowIfFailed(const std::string& path, const PlanSummary& plan) {
  const int64_t failed = plan.states[RunState::kFailed];
  if (failed == 0) return;
  Database db = Database::Open(path, OpenMode::kReadOnly);
  const std::vector<FailureStatus> failures = LoadStatus(db).failures;
  throw Error(path + ": " + std::to_string(failed) + " runs failed" +
              (failures.empty() ? "" : ", the last with: " + failures.front().message));
}

// The members to train; with the recipe for them the request is whole, and checked.
std::vector<StoredMember> Complete(TrainOptions& options) {
  TrainRequest& request = options.request;
  std::vector<StoredMember> members;
  {
    Database db = Database::Open(request.db_path, OpenModeFor(options));
    members = LoadMembers(db, request.populations);
  }
  if (members.empty()) {
    throw Error(
        request.db_path +
        ": has no networks to train; draw some with 'dse sample' or name them with 'dse add'");
  }
  request.recipe = ChooseRecipe(options, members);
  try {
    CheckRequest(request);
  } catch (const Error& error) {
    throw UsageError(error.what());
  }
  return members;
}

}  // namespace

TrainCall ReadTrainCall(std::span<const std::string> args) {
  TrainCall call;
  TrainOptions options;
  call.help = !ReadOptions(args, options);
  if (call.help) return call;
  options.dry_run = true;  // the file is opened to be read
  const std::vector<StoredMember> members = Complete(options);
  const std::unique_ptr<Dataset> data = OpenDataset(options.data, AllThreads());
  TrainRequest& request = options.request;
  // What `auto` means is found out where the tasks run, but for the native engine.
  if (request.trainer.engine == "native") request.trainer = ResolveDevice(request.trainer);
  call.devices = ToAssignment(request);
  call.engine = request.trainer.engine;
  call.wanted = MakePlan(members, request.recipe, data->info(), request.seed, request.repeats);
  return call;
}

int RunTrain(std::span<const std::string> args) {
  TrainOptions options;
  if (!ReadOptions(args, options)) return kExitOk;
  TrainRequest& request = options.request;
  request.trainer = ResolveDevice(request.trainer);
  const std::vector<StoredMember> members = Complete(options);
  const std::unique_ptr<Dataset> data = OpenDataset(options.data, AllThreads());
  TellDataNotes(data->info(), options.quiet);
  if (options.dry_run) {
    return DryRun(options,
                  MakePlan(members, request.recipe, data->info(), request.seed, request.repeats));
  }
  if (options.shard && !TakeShard(options, members, data->info())) return kExitOk;
  TellWeights(members, options);
  request.job = ThisSlurmJob();
  TrainSummary summary;
  {
    ProgressLine line("training", options.quiet);
    Told told;
    summary = Train(request, *data, MakeTrainer,
                    [&](const TrainProgress& progress) { ShowProgress(line, progress, told); });
  }
  TellFoundCorrupt(*data, options.quiet);
  if (summary.interrupted && summary.plan.states.total() == 0) return kExitInterrupted;
  const std::string workers = summary.workers.Text();
  Say(options.quiet && workers.empty(),
      std::to_string(summary.plan.states.total()) + " runs: " + summary.plan.states.Text() + "; " +
          std::to_string(summary.finished_here) + " by this call" +
          (workers.empty() ? "" : "; " + workers));
  TellWithoutWeights(request, data->info().fingerprint, summary.plan);
  if (summary.interrupted) return kExitInterrupted;
  if (summary.out_of_time) {
    Say(false, "dse: the next run would not fit into the time of this job");
    return kExitInterrupted;
  }
  if (summary.left_undone) return kExitFailed;
  ThrowIfFailed(request.db_path, summary.plan);
  return kExitOk;
}

}  // namespace dse
