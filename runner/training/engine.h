#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/model.h"
#include "runner/data/batches.h"
#include "runner/training/network_plan.h"
#include "runner/training/recipe.h"
#include "runner/training/safetensors.h"

// The lower seam: what a training session (session.h) asks of whatever computes. The session knows
// epochs, schedules, divergence, checkpoints and memory that ran out; an engine knows tensors.
// Plain structs cross, never a tensor.

namespace dse {

// What computed, as a run's row tells it.
struct EngineInfo {
  std::string name;     // "LibTorch"
  std::string version;  // "2.11.0"
  std::string Text() const { return version.empty() ? name : name + " " + version; }
};

// What divides a batch: replicas work side by side, each on `micro_batches` parts one after
// another. Every part is normalised by its own statistics. Part p of P has the images from
// floor(n p / P) on.
struct Division {
  int replicas = 1;
  int micro_batches = 1;  // of each replica
  int parts() const { return replicas * micro_batches; }
};

// A network to be made. What it refers to must outlive it.
struct NetworkRequest {
  const NetworkPlan& plan;
  const Recipe& recipe;
  uint64_t seed = 0;
  Division division{};
  std::array<float, 3> mean{};    // of channels, 0..1
  std::array<float, 3> stddev{};  // of channels
  bool tests_only = false;  // no optimizer, no averages: Test and TakeRecords alone are called
};

// Where a step stands.
struct StepPlace {
  int64_t image = 0;  // images of this training that came before
  double lr = 0;      // as applied
};

// Sums of steps or tests.
struct Tally {
  std::vector<double> losses;  // mean loss of each step's batch; of tests: one number, the sum over
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
// by one thread at a time. Calls throw OutOfMemory, and then the network is only good to be
// destroyed, and Error, with its fault.
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
  // then Store; or Drop, which leaves them as whatever was computed last.
  virtual void StartStatistics() = 0;
  virtual void AddStatistics(const Batch& batch) = 0;
  virtual void StoreStatistics() = 0;
  virtual void DropStatistics() = 0;
  // Running statistics of the training itself, averaged over replicas.
  virtual void ShareStatistics() = 0;

  // Exchanges the weights with their moving average, where the recipe has one.
  virtual void SwapAverage() = 0;

  // Parameters and running statistics of the first replica by their names in the plan.
  virtual std::vector<TensorRecord> GiveNetwork() = 0;
  // Everything that training changes, for checkpoints: "network.NAME", "average.NAME",
  // "optimizer.SLOT.NAME", and "replicaN.NAME.running_mean" and _var.
  virtual std::vector<TensorRecord> GiveRecords(UpdateState& state) = 0;
  // Takes what either of them gave, of a file `path` that messages name. Throws Error for a record
  // that is missing or of another shape.
  virtual void TakeNetwork(const std::vector<TensorRecord>& records, const std::string& path) = 0;
  virtual void TakeRecords(const std::vector<TensorRecord>& records, const UpdateState& state,
                           const std::string& path) = 0;
};

// Whether an engine can train a network with a recipe; `reason` where it cannot.
struct Support {
  bool supported = true;
  std::string reason;  // "block MBConv", "precision bf16"
};

class Engine {
 public:
  virtual ~Engine() = default;
  virtual EngineInfo info() const = 0;
  virtual Support Supports(const Model& model, const Recipe& recipe) const = 0;
  virtual Precision ResolvePrecision(Precision precision) const = 0;
  virtual int replicas() const = 0;
  virtual int threads() const = 0;  // of the CPU, also for reading images
  virtual std::unique_ptr<EngineNetwork> Make(const NetworkRequest& request) = 0;
  // Gives memory back that networks left, before another is made in smaller parts.
  virtual void FreeMemory() = 0;
};

}  // namespace dse
