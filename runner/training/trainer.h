#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/model.h"
#include "runner/data/class_map.h"
#include "runner/data/dataset.h"
#include "runner/training/recipe.h"
#include "runner/training/weight_names.h"

// The seam between the worker loop and whatever trains networks. Plain structs cross it, never a
// tensor. runner/torch implements it with LibTorch as a shared module; another engine implements
// the same interface and nothing above changes.

namespace dse {

struct TrainerOptions {
  std::string device = "auto";  // auto, cpu, cuda, cuda:N
  int threads = 1;              // of the CPU for this trainer, shared by its replicas
  // Copies of the network that train one batch together, each on its share of the images: on the
  // GPUs from the device's on, or in threads of the CPU.
  int replicas = 1;
};

// Files of one run; "" is none. Their folders exist.
struct TrainingFiles {
  // Written after every epoch and at an interruption, read at the start; "<checkpoint>.previous"
  // is the one before, "<checkpoint>.fresh" the next one for the moment of a change. Bit for bit,
  // training goes on from it as if it had never stopped (on the CPU).
  std::string checkpoint;
  // safetensors of what the last epoch tested.
  std::string weights;
  WeightNames names = WeightNames::kTorchvision;
};

struct TrainingJob {
  const Model& model;
  const Recipe& recipe;  // effective
  const Dataset& data;   // as many classes as the model
  uint64_t seed = 0;
  TrainingFiles files{};
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
  double error = 0;       // of the last epoch; kDone only
  double best_error = 0;  // lowest over epochs; kDone only
  // Images normalised together, where they are fewer than a batch: replicas, or gradients
  // accumulated because memory ran out.
  std::optional<int64_t> micro_batch;
  std::string precision;  // what the recipe's word meant on this device: "fp32", "bf16", ...
  double seconds = 0;
  double img_per_s = 0;  // training images over training time
  std::string message;   // what happened, unless kDone
};

// What the owner of a run gives the trainer.
struct TrainingHooks {
  // After each epoch's test. A training that goes on from a checkpoint first repeats the reports
  // of the epochs before.
  std::function<void(const EpochReport&)> on_epoch;
  std::function<bool()> should_stop;  // asked at every step; true ends as kInterrupted
  // One sentence: a checkpoint not used, weights that cannot be written (the result stays good).
  std::function<void(const std::string&)> on_warning;
  // Asked to put a checkpoint in place: calls `put_in_place` while nobody else can take the run. If
  // the run is no longer its owner's it answers false without the call, and the training ends as
  // kInterrupted. Unset: put in place at once.
  std::function<bool(const std::function<void()>& put_in_place)> publish;
};

// Steps to be timed on one fixed random batch. Batch size, precision and optimizer of a training
// step are the recipe's.
struct TimingRequest {
  const Model& model;
  const Recipe& recipe;
  bool training = false;  // forward, backward and update; else forward alone
  int batch_size = 64;
  int samples = 10;  // timed steps, after three to warm up
};

// A network with kept weights, to be tested.
struct EvaluationJob {
  const Model& model;
  const Recipe& recipe;     // batch_size, precision and test_images of it
  const Dataset& data;      // its test split alone is read
  const ClassMap& classes;  // which outputs the data's classes are
  std::string weights;      // safetensors that a training kept
};

// What a device does at best, measured on it.
struct DevicePeaks {
  double flops_per_s = 0;  // of a large matrix product; a multiply-add is two
  double bytes_per_s = 0;  // read and written by a large copy
};

// Where the data have some of the network's classes, its answer is the largest output among these,
// and the loss is that of the softmax over these.
struct EvaluationResult {
  double error = 0;  // top-1 percent
  double loss = 0;   // mean cross entropy
  int64_t images = 0;
};

// Trains one network at a time; one per thread. On the CPU the result is a function of the job and
// the number of threads. Divergence (a loss that is not finite) and running out of memory are
// outcomes; Error is thrown for what cannot be trained (a block this trainer does not build, a
// dataset that can no longer be read).
class Trainer {
 public:
  virtual ~Trainer() = default;
  virtual TrainingResult Train(const TrainingJob& job, const TrainingHooks& hooks) = 0;
  virtual std::string device_name() const = 0;      // see device_name.h
  virtual std::string library_version() const = 0;  // "LibTorch 2.11.0"

  // Tests kept weights on the data's test split. Throws Error for weights of another network, a
  // damaged file, a map of other classes.
  virtual EvaluationResult Evaluate(const EvaluationJob& job) = 0;
  // Milliseconds of each timed step. Throws std::bad_alloc where memory ends.
  virtual std::vector<double> MeasureSteps(const TimingRequest& request) = 0;
  // What a precision word means on this trainer's device; never kAuto. Throws Error for none.
  virtual Precision ResolvePrecision(Precision precision) const = 0;
  virtual DevicePeaks MeasurePeaks(Precision precision) = 0;
  // Learnable parameters of the network as really built.
  virtual int64_t CountParameters(const Model& model) = 0;
};

// Opens the LibTorch module and makes its trainer. The module is looked for in $DSE_TORCH_MODULE,
// beside the program and in ../lib/dse from there. Throws Error if it is missing, does not load,
// belongs to another build, or the device is not there.
std::unique_ptr<Trainer> MakeTorchTrainer(const TrainerOptions& options);

}  // namespace dse
