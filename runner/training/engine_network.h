#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runner/data/batches.h"
#include "runner/training/division.h"
#include "runner/training/network_plan.h"
#include "runner/training/recipe.h"
#include "runner/training/safetensors.h"

namespace dse {

// A network to be made. What it refers to must outlive it.
struct NetworkRequest {
  const NetworkPlan& plan;
  const Recipe& recipe;
  uint64_t seed = 0;
  Division division{};  // of every batch; replicas: as many as the engine has, or one
  // Of the images' channels, 0..1.
  std::array<float, 3> mean{};
  std::array<float, 3> stddev{};
  bool tests_only = false;  // no optimizer, no averages: weights are taken and tested, no more
};

// Where a step stands.
struct StepPlace {
  int64_t image = 0;  // images of this training that came before
  double lr = 0;      // as applied
};

// What steps or tests added up to.
struct Tally {
  std::vector<double> losses;  // mean loss of each step's batch; of tests one number, the sum over
                               // images
  int64_t wrong = 0;           // images answered wrongly
};

// How far the update rules came, beside the records.
struct UpdateState {
  int64_t steps = 0;      // of the optimizer
  double loss_scale = 1;  // of fp16
  int good_steps = 0;     // since the scale changed
};

// A network on an engine's devices: parameters, optimizer, averages, one replica or several. Used
// by one thread. Calls throw OutOfMemory and Error, with its fault; afterwards the network is only
// good to be destroyed, but for GiveNetwork, which changes nothing.
class EngineNetwork {
 public:
  virtual ~EngineNetwork() = default;

  // At most `steps` steps, or any number of tests, follow until TakeTally, which waits for the
  // device: so a GPU is asked once an epoch.
  virtual void StartTally(int64_t steps) = 0;
  virtual Tally TakeTally() = 0;

  // One update of the weights.
  virtual void Step(const Batch& batch, const StepPlace& place) = 0;
  // The last step's loss where asking costs nothing (on the CPU); empty where the device works
  // behind.
  virtual std::optional<double> LastLoss() = 0;
  // Answers for the batch with running statistics, divided as in training. Where `tested` is not
  // empty, the network's answer is the largest output among these, labels are places in it, and the
  // loss is that of the softmax over these.
  virtual void Test(const Batch& batch, const std::vector<int64_t>& tested) = 0;

  // Running statistics as means over batches (the authors' precise BN): Start, Add for each batch,
  // then Store; or Drop, which leaves them as the last batch made them.
  virtual void StartStatistics() = 0;
  virtual void AddStatistics(const Batch& batch) = 0;
  virtual void StoreStatistics() = 0;
  virtual void DropStatistics() = 0;
  // Averages the running statistics of the training itself over the replicas.
  virtual void ShareStatistics() = 0;
  // Exchanges the weights with their moving average, where the recipe has one.
  virtual void SwapAverage() = 0;

  // Parameters in their order, then running statistics (NAME.running_mean, NAME.running_var) in
  // theirs, of the first replica.
  virtual std::vector<TensorRecord> GiveNetwork() = 0;
  virtual void TakeNetwork(const std::vector<TensorRecord>& records, const std::string& path) = 0;
  // Everything that training changes, for checkpoints: "network.NAME", "average.NAME",
  // "optimizer.momentum.NAME", "optimizer.square.NAME" (not of sgd), and
  // "replicaN.NAME.running_mean" and _var (replica_records.h says whose a replica takes back).
  // `path`, of the file they are from, starts the messages; throws Error for a record that is
  // missing or of another shape.
  virtual std::vector<TensorRecord> GiveRecords(UpdateState& state) = 0;
  virtual void TakeRecords(const std::vector<TensorRecord>& records, const UpdateState& state,
                           const std::string& path) = 0;
};

}  // namespace dse
