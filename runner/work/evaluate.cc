#include "runner/work/evaluate.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <new>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "core/error.h"
#include "db/database.h"
#include "db/documents.h"
#include "runner/training/safetensors.h"
#include "runner/training/weights_metadata.h"
#include "runner/work/evaluator.h"
#include "runner/work/kept_weights.h"
#include "runner/work/run_files.h"
#include "runner/work/stop_signals.h"

namespace dse {
namespace {

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

[[noreturn]] void FailWithoutWeights(const EvalRequest& request, const std::string& folder) {
  const std::string command = RetryWithWeightsCommand(request.db_path, request.work_dir,
                                                      {request.populations, request.recipes, {}});
  throw Error(fmt::format(
      "{}: no run has kept weights in {} (--work-dir names another place); '{}' and the same 'dse "
      "train' with --keep-weights make them",
      request.db_path, folder, command));
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
  if (hooks.on_device) hooks.on_device(evaluator.device().Name());
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
      summary.problems.push_back(NameOf(runs[i]) + ": out of memory on " +
                                 evaluator.device().Name());
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
