#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "runner/data/batches.h"
#include "runner/torch/all_reduce.h"
#include "runner/torch/network.h"
#include "runner/torch/noise.h"
#include "runner/torch/normalize.h"
#include "runner/torch/optimizer.h"
#include "runner/torch/precise_norm.h"
#include "runner/torch/precision.h"
#include "runner/torch/step.h"
#include "runner/training/trainer.h"

namespace dse {

// What divides a batch: replicas work side by side, each on `micro_batches` parts one after
// another. Every part is normalised by its own statistics. Part p of P has the images from
// floor(n p / P) on.
struct Division {
  int replicas = 1;
  int micro_batches = 1;  // of each replica
  int parts() const { return replicas * micro_batches; }
};

// Sums over the images of an epoch, on the replica's device.
struct Tally {
  at::Tensor losses;  // double [steps]: the mean loss of a step's batch, as far as it is ours
  at::Tensor wrong;   // int64: images
};

// One copy of a network with its optimizer and its share of every batch. All replicas start alike
// and make the same updates; only their running statistics differ, between calls of
// ShareStatistics. Used by one thread at a time.
class Replica {
 public:
  // `job` and `sum` must outlive it.
  Replica(const TrainingJob& job, at::Device device, int number, const Division& division,
          AllReduce& sum);

  // One step on this replica's parts of a batch, of which `image` images of this training came
  // before. Adds to tally.losses[step] and tally.wrong.
  void Step(const Batch& batch, int64_t image, int64_t step, double lr, Tally& tally);
  // Averages running statistics over the replicas.
  void ShareStatistics();

  // Statistics over this replica's parts of the batch, see PreciseStatistics.
  void AddStatistics(const Batch& batch, PreciseStatistics& statistics);
  // Tests on this replica's parts of a batch, divided as in training so that what could be trained
  // can be tested: summed loss in losses[0], and wrong answers.
  void Test(const Batch& batch, Tally& tally);

  // Exchanges the weights with their moving average, where the recipe has one.
  void SwapAverage();

  Tally MakeTally(int64_t steps) const;

  Network& network() { return network_; }
  // Everything that training changes but the running statistics, with unique names: for
  // checkpoints.
  struct NamedTensor {
    std::string name;
    at::Tensor values;
  };
  std::vector<NamedTensor> LearnedState() const;
  std::vector<NamedTensor> Statistics() const;
  Optimizer& optimizer() { return optimizer_; }
  const Optimizer& optimizer() const { return optimizer_; }
  LossScale& loss_scale() { return loss_scale_; }
  const LossScale& loss_scale() const { return loss_scale_; }

 private:
  MicroBatch MakeMicroBatch(const Batch& batch, int part, int64_t image);
  void SetMomentum(int micro_batch);
  void Update(double lr);

  const Recipe& recipe_;
  const at::Device device_;
  const int number_;
  const Division division_;
  const uint64_t seed_;
  AllReduce& sum_;
  Precision precision_;
  Normalizer normalizer_;
  const NetworkPlan plan_;
  Network network_;
  Optimizer optimizer_;
  LossScale loss_scale_;
  NoiseSource noise_;
  std::vector<at::Tensor> average_;  // of each parameter; empty without ema_decay
};

}  // namespace dse
