#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "runner/data/batches.h"
#include "runner/torch/all_reduce.h"
#include "runner/torch/checkpoint.h"
#include "runner/torch/replica.h"
#include "runner/torch/replica_group.h"
#include "runner/training/trainer.h"

namespace dse {

// Where a network is trained: a replica on each device.
struct TrainingPlace {
  std::vector<at::Device> devices;
  int threads = 1;  // of the CPU, shared by the replicas
};

// Training of one network from its first step, or from a checkpoint, to its last.
class TrainingSession {
 public:
  // Every replica adds gradients up over `micro_batches` parts of its share of a batch. Throws
  // Error for what cannot be trained: classes that differ, fewer training images than one batch, no
  // test images, a precision the device has not, weights that cannot be kept under the names
  // wanted. Job and hooks must outlive the session.
  TrainingSession(const TrainingJob& job, const TrainingHooks& hooks, const TrainingPlace& place,
                  int micro_batches);

  // Outcomes but kOutOfMemory, which is thrown by the library as it finds it.
  TrainingResult Run();

  const Replicas& replicas() const { return replicas_; }

 private:
  using Clock = std::chrono::steady_clock;

  // What an epoch's training or a test adds up to. `outcome` other than kDone ends the run.
  struct Pass {
    TrainingOutcome outcome = TrainingOutcome::kDone;
    std::string message;
    double loss = 0;   // mean over images
    double error = 0;  // top-1 percent
  };
  void Resume();
  Pass TrainEpoch(double lr);
  Pass EpochSummary(std::vector<Tally>& tallies, int64_t first);
  Pass Test();
  Pass TestNow();
  bool TakeStatistics();
  bool Save();
  void Keep() const;
  Pass Interrupted(const char* where) const;
  TrainingResult Finish(const Pass& pass) const;
  bool ShouldStop() const { return hooks_.should_stop && hooks_.should_stop(); }
  bool OnCpu() const { return place_.devices.front().is_cpu(); }

  const TrainingJob& job_;
  const TrainingHooks& hooks_;
  const TrainingPlace place_;
  const CheckpointOwner owner_;
  BatchReader reader_;
  std::unique_ptr<AllReduce> sum_;
  ReplicaGroup group_;
  Replicas replicas_;
  TrainingState state_;
  Batch batch_;
};

}  // namespace dse
