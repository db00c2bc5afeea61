#include "runner/work/evaluate.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iterator>
#include <memory>
#include <new>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "core/error.h"
#include "core/hash.h"
#include "core/json.h"
#include "db/database.h"
#include "db/documents.h"
#include "runner/training/safetensors.h"
#include "runner/training/weights_metadata.h"
#include "runner/work/run_files.h"
#include "runner/work/stop_signals.h"

namespace dse {
namespace {

std::string NameOf(const DoneRun& run) { return "run " + std::to_string(run.run_id); }

// The runs whose weights lie in the folder.
std::vector<DoneRun> WithWeights(const std::vector<DoneRun>& runs, const std::string& folder) {
  std::vector<DoneRun> kept;
  std::copy_if(runs.begin(), runs.end(), std::back_inserter(kept), [&](const DoneRun& run) {
    return std::filesystem::exists(WeightsPath(folder, run.key));
  });
  return kept;
}

// The class names of the first weights that have some, to tell the labelled split of a folder by.
std::vector<std::string> FirstClassNames(const std::vector<DoneRun>& runs,
                                         const std::string& folder) {
  for (const DoneRun& run : runs) {
    const std::string path = WeightsPath(folder, run.key);
    try {
      std::vector<std::string> names = ReadClassNames(ReadSafetensorsMetadata(path), path);
      if (!names.empty()) return names;
    } catch (const Error&) {  // told when this run's turn comes
    }
  }
  return {};
}

std::vector<std::string> AllUtf8(std::vector<std::string> names) {
  for (std::string& name : names) name = AsUtf8(name);
  return names;
}

// Finds out what the outputs of networks are.
class OutputNames {
 public:
  OutputNames(std::string uri, int threads) : uri_(std::move(uri)), threads_(threads) {}

  ClassList Of(const DoneRun& run, const Model& model, const std::string& weights) {
    ClassList list{"the network of " + NameOf(run), {}, model.frame.classes};
    list.names = ReadClassNames(ReadSafetensorsMetadata(weights), weights);
    if (list.names.empty() && IsTrainedOn(run)) list.names = OfOlderVersions();
    if (!list.names.empty() && static_cast<int>(list.names.size()) != list.count) {
      throw Error(weights + ": names " + std::to_string(list.names.size()) +
                  " classes and its network has " + std::to_string(list.count) + " outputs");
    }
    return list;
  }

 private:
  // Whether the data are those of the run's training, by what versions without names called them.
  bool IsTrainedOn(const DoneRun& run) {
    if (!opened_) {
      opened_ = true;
      try {
        whole_ = OpenDataset(uri_, threads_)->info();
      } catch (const Error& error) {  // images to test on alone: not what a training read
        if (error.fault() == Fault::kMachine) throw;
      }
    }
    return whole_ &&
           (run.fingerprint == whole_->fingerprint ||
            (!whole_->old_fingerprint.empty() && run.fingerprint == whole_->old_fingerprint));
  }

  // These versions had the classes of folders in byte order, numbers too.
  std::vector<std::string> OfOlderVersions() const {
    std::vector<std::string> names = AllUtf8(whole_->class_names);
    if (uri_.starts_with("folder:")) std::sort(names.begin(), names.end());
    return names;
  }

  const std::string uri_;
  const int threads_;
  bool opened_ = false;
  std::optional<DatasetInfo> whole_;
};

class Evaluator {
 public:
  Evaluator(const EvalRequest& request, Database& db, const Dataset& data,
            const TrainerFactory& factory, std::string folder)
      : request_(request),
        db_(db),
        data_(data),
        trainer_(factory(request.trainer)),
        folder_(std::move(folder)),
        outputs_(request.data, request.trainer.threads),
        classes_{data.info().uri, AllUtf8(data.info().class_names), data.info().classes()},
        row_(MakeDatasetRow(data.info())) {
    const std::string said = request.naming.Identity();
    if (!said.empty()) row_.fingerprint = ShortHash(row_.fingerprint + "\n" + said);
  }

  // The run's result, stored; of before where it has one. A result that does not say over which
  // classes it is was matched by place: where there are weights, it is replaced. Empty where the
  // run has neither a result nor weights.
  std::optional<TestedRun> TestOrFind(const DoneRun& run) {
    const Model model = ParseModel(ParseJson(run.model_json, NameOf(run)), NameOf(run));
    const std::string weights = WeightsPath(folder_, run.key);
    const bool kept = std::filesystem::exists(weights);
    if (!request_.again) {
      const auto stored = FindEvaluation(db_, run.run_id, row_.fingerprint);
      if (stored && (IsWhole(*stored) || !kept)) {
        return TestedRun{run, *stored, model.frame.classes};
      }
    }
    if (!kept) return {};
    const Evaluation result = Test(run, model, weights);
    if (!StoreEvaluation(db_, run, row_, result)) {
      throw Error(NameOf(run) + ": was trained again while its weights were tested; test it again");
    }
    return TestedRun{run, result, model.frame.classes};
  }

  std::string device_name() const { return trainer_->device_name(); }

 private:
  // Whether a result says over which classes it is, and is not of images that could not all be
  // read.
  bool IsWhole(const Evaluation& stored) const {
    return stored.classes > 0 && stored.images >= data_.info().test_images;
  }

  Evaluation Test(const DoneRun& run, const Model& model, const std::string& weights) {
    Recipe recipe = ParseRecipe(ParseJson(run.recipe_json, NameOf(run)), NameOf(run));
    recipe.test_images = 0;  // all of them
    const ClassMap map = MapClasses(outputs_.Of(run, model, weights), classes_, request_.naming);
    const EvaluationResult result = trainer_->Evaluate({model, recipe, data_, map, weights});
    return {result.error,
            std::isfinite(result.loss) ? std::optional(result.loss) : std::nullopt,
            result.images,
            data_.info().test_split,
            static_cast<int64_t>(map.tested.size()),
            request_.naming.Text()};
  }

  const EvalRequest& request_;
  Database& db_;
  const Dataset& data_;
  std::unique_ptr<Trainer> trainer_;
  const std::string folder_;
  OutputNames outputs_;
  const ClassList classes_;
  DatasetRow row_;  // what results are stored under
};

[[noreturn]] void FailWithoutWeights(const EvalRequest& request, const std::string& folder) {
  std::string filters = " --db " + request.db_path;
  if (!request.work_dir.empty()) filters += " --work-dir " + request.work_dir;
  for (const std::string& name : request.populations) filters += " --population '" + name + "'";
  for (const std::string& name : request.recipes) filters += " --recipe '" + name + "'";
  throw Error(request.db_path + ": no run has kept weights in " + folder +
              " (--work-dir names another place); 'dse runs retry --with-weights" + filters +
              "' and the same 'dse train' with --keep-weights make them");
}

}  // namespace

EvalSummary Evaluate(const EvalRequest& request, const TrainerFactory& factory,
                     const EvalHooks& hooks) {
  Database db = Database::Open(request.db_path, OpenMode::kReadWrite);
  const std::vector<DoneRun> runs = LoadDoneRuns(db, request.populations, request.recipes);
  if (runs.empty()) throw Error(request.db_path + ": has no finished runs to test");
  const std::string folder = WorkFolder(request.db_path, request.work_dir);
  const std::vector<DoneRun> kept = WithWeights(runs, folder);
  if (kept.empty() && request.again) FailWithoutWeights(request, folder);
  const TestWish wish{request.split, FirstClassNames(kept, folder)};
  EvalSummary summary;
  summary.data = OpenTestImages(request.data, wish, request.trainer.threads);
  if (hooks.on_open) hooks.on_open(summary.data->info());
  Evaluator evaluator(request, db, *summary.data, factory, folder);
  if (hooks.on_device) hooks.on_device(evaluator.device_name());
  const StopSignals signals;
  summary.runs = static_cast<int64_t>(runs.size());
  for (size_t i = 0; i < runs.size() && !summary.interrupted; ++i) {
    try {
      if (std::optional<TestedRun> tested = evaluator.TestOrFind(runs[i])) {
        summary.tested.push_back(std::move(*tested));
      } else {
        ++summary.without_weights;
      }
    } catch (const Error& error) {
      summary.problems.emplace_back(error.what());
    } catch (const std::bad_alloc&) {
      summary.problems.push_back(NameOf(runs[i]) + ": out of memory on " + evaluator.device_name());
    }
    if (hooks.on_progress) {
      hooks.on_progress(static_cast<int64_t>(i + 1), static_cast<int64_t>(runs.size()));
    }
    summary.interrupted = StopSignals::count() > 0;
  }
  if (summary.without_weights == summary.runs) FailWithoutWeights(request, folder);
  return summary;
}

std::string TellClasses(const TestedRun& tested) {
  const int64_t classes = tested.result.classes;
  if (classes == 0) return "tested before the classes of tests were kept";
  std::string text = "tested over " + std::to_string(classes);
  if (classes < tested.outputs) text += " of " + std::to_string(tested.outputs);
  return text + " classes";
}

}  // namespace dse
