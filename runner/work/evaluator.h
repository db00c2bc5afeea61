#pragma once

#include <memory>
#include <optional>
#include <string>

#include "db/database.h"
#include "db/documents.h"
#include "db/done_runs.h"
#include "db/evaluations.h"
#include "runner/data/class_map.h"
#include "runner/data/dataset.h"
#include "runner/training/trainer.h"
#include "runner/work/evaluate.h"
#include "runner/work/output_names.h"

namespace dse {

// Tests the kept weights of one run after another on one dataset. What it is made of outlives it.
class Evaluator {
 public:
  // `folder` is where the weights lie. Throws Error where no trainer can be made.
  Evaluator(const EvalRequest& request, Database& db, const Dataset& data,
            const TrainerFactory& factory, std::string folder);

  // The run's result, stored; of before where it has one. A result that does not say over which
  // classes it is was matched by place: where there are weights, it is replaced. Empty where the
  // run has neither a result nor weights. Throws Error for what is wrong with this run, and
  // std::bad_alloc.
  std::optional<TestedRun> TestOrFind(const DoneRun& run);

  DeviceInfo device() const { return trainer_->device(); }

 private:
  bool IsWhole(const Evaluation& stored) const;
  Evaluation Test(const DoneRun& run, const Model& model, const std::string& weights);

  const EvalRequest& request_;
  Database& db_;
  const Dataset& data_;
  std::unique_ptr<Trainer> trainer_;
  const std::string folder_;
  OutputNames outputs_;
  const ClassList classes_;
  DatasetRow row_;  // what results are stored under
};

// "run 7", as messages call it.
std::string NameOf(const DoneRun& run);

}  // namespace dse
