#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/model.h"
#include "runner/dataset.h"
#include "runner/recipe.h"

// The seam between the worker loop and whatever trains networks. Plain structs cross it, never a
// tensor. runner/torch implements it with LibTorch as a shared module; another engine implements
// the same interface and nothing above changes.

namespace dse {

struct TrainerOptions {
  std::string device = "auto";  // auto, cpu, cuda, cuda:N
  int threads = 1;              // of the CPU for this trainer
};

struct TrainingJob {
  const Model& model;
  const Recipe& recipe;  // effective
  const Dataset& data;   // as many classes as the model
  uint64_t seed = 0;
};

struct EpochReport {
  int epoch = 0;           // from 1
  double lr = 0;           // as applied
  double train_loss = 0;   // mean over the epoch; may be not finite
  double train_error = 0;  // top-1 percent over the epoch's augmented batches
  double test_loss = 0;
  double test_error = 0;  // top-1 percent
  double seconds = 0;
};

enum class TrainingOutcome { kDone, kDiverged, kOutOfMemory, kInterrupted };

struct TrainingResult {
  TrainingOutcome outcome = TrainingOutcome::kDone;
  double error = 0;                    // of the last epoch; kDone only
  double best_error = 0;               // lowest over epochs; kDone only
  std::optional<int64_t> micro_batch;  // where gradients were accumulated over smaller batches
  double seconds = 0;
  double img_per_s = 0;  // training images over training time
  std::string message;   // what happened, unless kDone
};

// What the owner of a run gives the trainer.
struct TrainingHooks {
  std::function<void(const EpochReport&)> on_epoch;  // after each epoch's test
  std::function<bool()> should_stop;  // asked at every step; true ends as kInterrupted
};

// Trains one network at a time; one per thread. On the CPU the result is a function of the job and
// the number of threads. Divergence (a loss that is not finite) and running out of memory are
// outcomes; Error is thrown for what cannot be trained (a block this trainer does not build, a
// dataset that can no longer be read).
class Trainer {
 public:
  virtual ~Trainer() = default;
  virtual TrainingResult Train(const TrainingJob& job, const TrainingHooks& hooks) = 0;
  virtual std::string device_name() const = 0;      // "cpu, 2 threads", "cuda:0, NVIDIA H100"
  virtual std::string library_version() const = 0;  // "LibTorch 2.11.0"

  // Probes for tests and benchmarks.
  // Learnable parameters of the network as really built.
  virtual int64_t CountParameters(const Model& model) = 0;
  // Training images a second on one fixed random batch: median over `steps` after warm-up.
  virtual double MeasureStep(const Model& model, const Recipe& recipe, int steps) = 0;
};

// Opens the LibTorch module and makes its trainer. The module is looked for in $DSE_TORCH_MODULE,
// beside the program and in ../lib/dse from there. Throws Error if it is missing, does not load,
// belongs to another build, or the device is not there.
std::unique_ptr<Trainer> MakeTorchTrainer(const TrainerOptions& options);

}  // namespace dse
