#include "runner/training/engine_trainer.h"

#include <new>
#include <string>
#include <utility>

#include "core/clock.h"
#include "core/error.h"
#include "runner/training/division.h"
#include "runner/training/evaluation.h"
#include "runner/training/out_of_memory.h"
#include "runner/training/session.h"

namespace dse {
namespace {

// Without division.
constexpr int kWhole = 0;

// attempt(parts), `images` divided into 1, 2, 4, ... parts: memory that ran out leaves nothing
// behind, so what failed is tried again. Throws the last OutOfMemory.
template <typename Attempt>
auto InParts(Engine& engine, int images, const Attempt& attempt) {
  const auto guarded = [&](int parts) {
    try {
      return attempt(parts);
    } catch (const OutOfMemory&) {
      throw;
    } catch (const std::bad_alloc&) {
      ThrowHostMemory(engine.device().Name(), engine.device().on_gpu());
    }
  };
  for (int parts = 1;; parts *= 2) {
    try {
      return guarded(parts);
    } catch (const OutOfMemory&) {
      if (images / (2 * parts) < kFewestTrainImages) throw;
    }
    engine.FreeMemory();
  }
}

}  // namespace

EngineTrainer::EngineTrainer(Engines engines) : engines_(std::move(engines)) {}

TrainingResult EngineTrainer::Train(const TrainingJob& job, const TrainingHooks& hooks) {
  const Clock::time_point start = Clock::now();
  Engine& engine = ChooseEngine(engines_, job.model, job.recipe);
  const Precision precision = engine.ResolvePrecision(job.recipe.precision);
  try {
    const int images = job.beside_others ? kWhole : job.recipe.batch_size / engine.replicas();
    return InParts(engine, images,
                   [&](int parts) { return TrainingSession(job, hooks, engine, parts).Run(); });
  } catch (const OutOfMemory& failure) {
    if (!failure.certain() && !job.beside_others) throw Error(failure.what());
    TrainingResult result;
    result.outcome = TrainingOutcome::kOutOfMemory;
    result.engine = engine.info().Text();
    result.precision = PrecisionWord(precision);
    result.seconds = SecondsSince(start);
    result.message = failure.what();
    if (!job.beside_others) {
      result.message += "; batches of " + std::to_string(job.recipe.batch_size) +
                        " were tried in parts of " + std::to_string(kFewestTrainImages) +
                        " images too";
    }
    return result;
  }
}

EvaluationResult EngineTrainer::Evaluate(const EvaluationJob& job) {
  Engine& engine = ChooseEngine(engines_, job.model, job.recipe);
  try {
    return InParts(engine, job.recipe.batch_size,
                   [&](int parts) { return TestWeights(job, engine, parts); });
  } catch (const OutOfMemory& failure) {
    throw Error(failure.what());
  }
}

void EngineTrainer::FreeMemory() {
  for (const std::unique_ptr<Engine>& engine : engines_) engine->FreeMemory();
}

DeviceInfo EngineTrainer::device() const { return engines_.front()->device(); }

EngineInfo EngineTrainer::EngineFor(const Model& model, const Recipe& recipe) const {
  const Engine* const engine = FindEngine(engines_, model, recipe);
  return engine == nullptr ? EngineInfo{} : engine->info();
}

Precision EngineTrainer::ResolvePrecision(const Model& model, const Recipe& recipe) const {
  return ChooseEngine(engines_, model, recipe).ResolvePrecision(recipe.precision);
}

}  // namespace dse
