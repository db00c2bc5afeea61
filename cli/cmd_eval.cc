#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <optional>
#include <thread>

#include "cli/command.h"
#include "cli/data_notes.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "core/json.h"
#include "db/measurements.h"
#include "runner/run_files.h"
#include "runner/stop_signals.h"
#include "runner/train.h"
#include "runner/trainer.h"

namespace dse {
namespace {

struct EvalOptions {
  std::string db_path;
  std::string data;
  std::vector<std::string> populations;
  std::vector<std::string> recipes;
  std::string work_dir;
  TrainerOptions trainer;
  bool again = false;
  bool quiet = false;
};

bool ReadOptions(std::span<const std::string> args, EvalOptions& options) {
  OptionParser parser("eval --db FILE --data URI [options]",
                      "Tests the weights kept by 'dse train --keep-weights' on the test images of "
                      "a dataset, such as another one than\nthey were trained on. Prints a line "
                      "for each run and keeps the results; what is there already is not\ntested "
                      "again.");
  options.trainer.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  parser.Text("db", "FILE", &options.db_path, "results database");
  parser.Text("data", "URI", &options.data,
              "synthetic[:easy|:hard], cifar10:DIR, folder:DIR or pack:FILE");
  parser.List("population", "NAME", &options.populations, "only these populations");
  parser.List("recipe", "NAME", &options.recipes, "only runs of these recipes");
  parser.Text("device", "D", &options.trainer.device, "auto, cpu, cuda or cuda:N (default auto)");
  parser.Int("threads", "T", &options.trainer.threads, 1, 1024, "default: all cores");
  parser.Text("work-dir", "DIR", &options.work_dir, "where the weights lie (default FILE.d)");
  parser.Flag("again", &options.again, "test again what has a result");
  parser.Flag("quiet,q", &options.quiet, "no progress");
  parser.Require("db");
  parser.Require("data");
  return parser.Parse(args);
}

// Tests one run after another and stores each result at once.
class Evaluator {
 public:
  Evaluator(const EvalOptions& options, Database& db)
      : options_(options),
        db_(db),
        data_(OpenDataset(options.data, options.trainer.threads)),
        trainer_(MakeTorchTrainer(options.trainer)),
        folder_(WorkFolder(options.db_path, options.work_dir)) {
    TellDataNotes(data_->info(), options.quiet);
  }

  // False if somebody interrupted it.
  bool Run(std::span<const DoneRun> runs) {
    const StopSignals signals;
    ProgressLine line("testing", options_.quiet);
    line.Tell("testing on " + trainer_->device_name());
    for (size_t i = 0; i < runs.size(); ++i) {
      if (StopSignals::count() > 0) return false;
      RunOne(runs[i]);
      line.Update(static_cast<int64_t>(i + 1), static_cast<int64_t>(runs.size()), "");
    }
    return true;
  }

  void Print() const {
    std::printf("%-20s %5s %10s %10s %9s\n", "model", "seed", "error %", "tested %", "images");
    for (const auto& [run, result] : results_) {
      std::printf("%-20s %5lld %10.2f %10.2f %9lld\n", run->model.c_str(),
                  static_cast<long long>(run->seed), run->error, result.error,
                  static_cast<long long>(result.images));
    }
  }

  const Dataset& data() const { return *data_; }
  int64_t without_weights() const { return without_weights_; }
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  void RunOne(const DoneRun& run) {
    const std::string& fingerprint = data_->info().fingerprint;
    const std::optional<Evaluation> stored = FindEvaluation(db_, run.run_id, fingerprint);
    if (stored && !options_.again) {
      results_.emplace_back(&run, *stored);
      return;
    }
    const std::string weights = WeightsPath(folder_, run.key);
    if (!std::filesystem::exists(weights)) {
      ++without_weights_;
      return;
    }
    try {
      const Evaluation result = Test(run, weights);
      StoreEvaluation(db_, run.run_id, MakeDatasetRow(data_->info()), result);
      results_.emplace_back(&run, result);
    } catch (const Error& error) {
      problems_.push_back(error.what());
    }
  }

  Evaluation Test(const DoneRun& run, const std::string& weights) {
    const std::string where = "run " + std::to_string(run.run_id);
    const Model model = ParseModel(ParseJson(run.model_json, where), where);
    Recipe recipe = ParseRecipe(ParseJson(run.recipe_json, where), where);
    recipe.test_images = 0;  // all of them
    const EvaluationResult result = trainer_->Evaluate({model, recipe, *data_, weights});
    return {result.error, std::isfinite(result.loss) ? std::optional(result.loss) : std::nullopt,
            result.images};
  }

  const EvalOptions& options_;
  Database& db_;
  std::unique_ptr<Dataset> data_;
  std::unique_ptr<Trainer> trainer_;
  std::string folder_;
  std::vector<std::pair<const DoneRun*, Evaluation>> results_;
  std::vector<std::string> problems_;
  int64_t without_weights_ = 0;
};

}  // namespace

int RunEval(std::span<const std::string> args) {
  EvalOptions options;
  if (!ReadOptions(args, options)) return kExitOk;
  Database db = Database::Open(options.db_path, OpenMode::kReadWrite);
  const std::vector<DoneRun> runs = LoadDoneRuns(db, options.populations, options.recipes);
  if (runs.empty()) throw Error(options.db_path + ": has no finished runs to test");
  Evaluator evaluator(options, db);
  const bool finished = evaluator.Run(runs);
  if (evaluator.without_weights() == static_cast<int64_t>(runs.size())) {
    throw Error(options.db_path + ": no run has kept weights in " +
                WorkFolder(options.db_path, options.work_dir) + "; train with --keep-weights");
  }
  TellFoundCorrupt(evaluator.data(), options.quiet);
  evaluator.Print();
  if (evaluator.without_weights() > 0) {
    Say(options.quiet, std::to_string(evaluator.without_weights()) + " of " +
                           std::to_string(runs.size()) + " runs have no kept weights");
  }
  for (const std::string& problem : evaluator.problems()) Say(false, "dse: " + problem);
  if (!finished) return kExitInterrupted;
  return evaluator.problems().empty() ? kExitOk : kExitFailed;
}

}  // namespace dse
