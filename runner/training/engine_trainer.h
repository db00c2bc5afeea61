#pragma once

#include <string>

#include "runner/training/engine_choice.h"
#include "runner/training/trainer.h"

namespace dse {

// Trains and tests on engines: each job on the first that supports it, and where its memory runs
// out, again with every batch in 2, 4, 8, ... parts, down to two images.
class EngineTrainer : public Trainer {
 public:
  // One engine at least; all on one device.
  explicit EngineTrainer(Engines engines);

  TrainingResult Train(const TrainingJob& job, const TrainingHooks& hooks) override;
  EvaluationResult Evaluate(const EvaluationJob& job) override;
  void FreeMemory() override;
  DeviceInfo device() const override;
  EngineInfo EngineFor(const Model& model, const Recipe& recipe) const override;
  // As the first engine says that has an answer.
  Precision ResolvePrecision(Precision precision) const override;

 private:
  const Engines engines_;
};

}  // namespace dse
