#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

#include "runner/batches.h"
#include "runner/torch/network.h"
#include "runner/torch/normalize.h"
#include "runner/torch/sgd.h"
#include "runner/trainer.h"

namespace dse {

// Training of one network from its first step to its last.
class TrainingSession {
 public:
  // Throws Error for what cannot be trained: a block that is not built, classes that differ, fewer
  // training images than one batch, no test images. Job and hooks must outlive the session.
  TrainingSession(const TrainingJob& job, const TrainingHooks& hooks, at::Device device);

  // Outcomes but kOutOfMemory, which is thrown by the library as it finds it.
  TrainingResult Run();

 private:
  // What an epoch's training or a test adds up to. `outcome` other than kDone ends the run.
  struct Pass {
    TrainingOutcome outcome = TrainingOutcome::kDone;
    std::string message;
    double loss = 0;   // mean over images
    double error = 0;  // top-1 percent
  };
  Pass TrainEpoch(int epoch, double lr);
  Pass Test(int epoch);
  bool TakeStatistics(int epoch);
  Pass Interrupted(int epoch, const char* where) const;
  bool ShouldStop() const { return hooks_.should_stop && hooks_.should_stop(); }

  const TrainingJob& job_;
  const TrainingHooks& hooks_;
  at::Device device_;
  BatchReader reader_;
  Normalizer normalizer_;
  Network network_;
  Sgd sgd_;
  Batch batch_;
};

// Mean cross entropy of logits [n, classes] against labels [n].
at::Tensor Loss(const at::Tensor& logits, const at::Tensor& labels, double label_smoothing);

// Forward, loss, backward and update on one batch. Returns loss and logits, detached.
struct StepOutput {
  at::Tensor loss;
  at::Tensor logits;
};
StepOutput TrainStep(const Network& network, Sgd& sgd, const at::Tensor& images,
                     const at::Tensor& labels, const Recipe& recipe, double lr);

}  // namespace dse
