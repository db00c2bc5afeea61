#pragma once

#include <functional>
#include <memory>
#include <string>

#include "runner/training/device_info.h"
#include "runner/training/engine_info.h"
#include "runner/training/evaluation_job.h"
#include "runner/training/trainer_options.h"
#include "runner/training/training_job.h"

// The upper seam, between the worker loop and whatever trains networks. Plain structs cross it,
// never a tensor. engine_trainer.h implements it over engines.

namespace dse {

// Trains one network at a time; one per thread. On the CPU the result is a function of the job, the
// engine and the number of threads. Divergence (a loss that is not finite) and running out of
// memory are outcomes; Error is thrown for what cannot be trained (a block that no engine builds, a
// dataset that can no longer be read).
class Trainer {
 public:
  virtual ~Trainer() = default;
  virtual TrainingResult Train(const TrainingJob& job, const TrainingHooks& hooks) = 0;
  // Tests kept weights on the data's test split. Throws Error for weights of another network, a
  // damaged file, a map of other classes.
  virtual EvaluationResult Evaluate(const EvaluationJob& job) = 0;

  // Between trainings: gives memory of the device that is kept for the next one to others.
  virtual void FreeMemory() {}

  virtual DeviceInfo device() const = 0;
  // What trains a network with a recipe here, also where it then fails; empty where nothing does.
  virtual EngineInfo EngineFor(const Model& model, const Recipe& recipe) const = 0;
  // What the recipe's precision means to what trains a network here; never kAuto. Throws Error for
  // none, and where nothing trains it.
  virtual Precision ResolvePrecision(const Model& model, const Recipe& recipe) const = 0;
};

// Makes a trainer, in the process that is to train. Throws Error where it cannot.
using TrainerFactory = std::function<std::unique_ptr<Trainer>(const TrainerOptions&)>;

}  // namespace dse
