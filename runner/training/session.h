#pragma once

#include <memory>
#include <string>

#include "runner/data/batches.h"
#include "runner/training/checkpoint.h"
#include "runner/training/engine.h"
#include "runner/training/network_plan.h"
#include "runner/training/training_job.h"

namespace dse {

// Training of one network on an engine, from its first step, or from a checkpoint, to its last.
class TrainingSession {
 public:
  // Every replica adds gradients up over `micro_batches` parts of its share of a batch, or over as
  // many more as the checkpoint was trained with. Throws Error for what cannot be trained: classes
  // that differ, fewer training images than one batch, no test images, a precision the device has
  // not, weights that cannot be kept under the names wanted. Job, hooks and engine must outlive the
  // session.
  TrainingSession(const TrainingJob& job, const TrainingHooks& hooks, Engine& engine,
                  int micro_batches);

  // Outcomes but kOutOfMemory, which is thrown as the engine finds it.
  TrainingResult Run();

  EngineNetwork& network() { return *network_; }

 private:
  // What an epoch's training or a test adds up to. `outcome` other than kDone ends the run.
  struct Pass {
    TrainingOutcome outcome = TrainingOutcome::kDone;
    std::string message;
    double loss = 0;   // mean over images
    double error = 0;  // top-1 percent
  };
  void NameEngine(const std::string& checkpoint);
  Pass TrainEpoch(double lr);
  Pass EpochSummary(int64_t first);
  Pass Test();
  Pass TestNow();
  bool TakeStatistics();
  bool Save();
  void Keep() const;
  Pass Interrupted(const char* where) const;
  TrainingResult Finish(const Pass& pass) const;
  bool ShouldStop() const { return hooks_.should_stop && hooks_.should_stop(); }

  const TrainingJob& job_;
  const TrainingHooks& hooks_;
  Engine& engine_;
  const CheckpointOwner owner_;
  BatchReader reader_;
  const NetworkPlan plan_;
  std::unique_ptr<EngineNetwork> network_;
  TrainingState state_;
  Batch batch_;
};

}  // namespace dse
