#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "runner/data/batches.h"
#include "runner/torch/all_reduce.h"
#include "runner/torch/network.h"
#include "runner/torch/network_records.h"
#include "runner/torch/normalize.h"
#include "runner/torch/optimizer.h"
#include "runner/torch/precise_norm.h"
#include "runner/torch/precision.h"
#include "runner/torch/step.h"
#include "runner/training/engine_network.h"
#include "runner/training/network_plan.h"
#include "runner/training/noise.h"

namespace dse {

// Sums over the images of an epoch, on the replica's device.
struct DeviceTally {
  at::Tensor losses;  // double [steps]: the mean loss of a step's batch, as far as it is ours
  at::Tensor wrong;   // int64: images
};

// One copy of a network with its optimizer and its share of every batch. All replicas start alike
// and make the same updates; only their running statistics differ, between calls of
// ShareStatistics. Used by one thread at a time.
class Replica {
 public:
  // What the request refers to, and `sum`, must outlive it.
  Replica(const NetworkRequest& request, at::Device device, int number, AllReduce& sum);

  // One step on this replica's parts of a batch. Adds to tally.losses[step] and tally.wrong.
  void Step(const Batch& batch, const StepPlace& place, int64_t step, DeviceTally& tally);
  // Averages running statistics over the replicas.
  void ShareStatistics();

  // Statistics over this replica's parts of the batch, see PreciseStatistics.
  void AddStatistics(const Batch& batch, PreciseStatistics& statistics);
  // Tests on this replica's parts of a batch, divided as in training so that what could be trained
  // can be tested, and over the outputs `tested` where there are some: summed loss in losses[0],
  // and wrong answers.
  void Test(const Batch& batch, const std::vector<int64_t>& tested, DeviceTally& tally);

  // Exchanges the weights with their moving average, where the recipe has one.
  void SwapAverage();

  DeviceTally MakeTally(int64_t steps) const;

  Network& network() { return network_; }
  // Everything that training changes but the running statistics, with unique names: for
  // checkpoints.
  std::vector<NamedTensor> LearnedState() const;
  UpdateState updates() const;
  void set_updates(const UpdateState& state);

 private:
  Noise DrawNoise(int64_t image, int64_t count) const;
  MicroBatch MakeMicroBatch(const Batch& batch, int part, int64_t image);
  void SetMomentum(int micro_batch);
  void Update(double lr);

  const Recipe& recipe_;
  const at::Device device_;
  const int number_;
  const Division division_;
  AllReduce& sum_;
  Precision precision_;
  Normalizer normalizer_;
  Network network_;
  Optimizer optimizer_;
  LossScale loss_scale_;
  NoiseSource noise_;
  std::vector<at::Tensor> average_;  // of each parameter; empty without ema_decay
};

}  // namespace dse
