#include "runner/work/evaluator.h"

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/error.h"
#include "core/hash.h"
#include "core/json.h"
#include "runner/work/plan.h"
#include "runner/work/run_files.h"

namespace dse {

std::string NameOf(const DoneRun& run) { return "run " + std::to_string(run.run_id); }

Evaluator::Evaluator(const EvalRequest& request, Database& db, const Dataset& data,
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

std::optional<TestedRun> Evaluator::TestOrFind(const DoneRun& run) {
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

// Whether a result says over which classes it is, and is not of images that could not all be
// read.
bool Evaluator::IsWhole(const Evaluation& stored) const {
  return stored.classes > 0 && stored.images >= data_.info().test_images;
}

Evaluation Evaluator::Test(const DoneRun& run, const Model& model, const std::string& weights) {
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

}  // namespace dse
