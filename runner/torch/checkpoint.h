#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runner/safetensors.h"
#include "runner/torch/replica.h"
#include "runner/trainer.h"

namespace dse {

// How far a training came: what is not in tensors. Random choices need no state, they are functions
// of the seed and of the place in the training.
struct TrainingState {
  int epoch = 0;                     // epochs trained and tested
  int64_t step = 0;                  // steps of the next epoch that are done
  std::vector<double> losses;        // of these steps
  int64_t wrong = 0;                 // training images answered wrongly in these steps
  std::vector<EpochReport> history;  // of the epochs done
  int parts = 1;                     // a batch is divided into
  double epoch_seconds = 0;          // spent on the unfinished epoch
  double seconds = 0;                // spent in all
  double training_seconds = 0;       // of it on training steps
};

// What a checkpoint belongs to: model, recipe, data and seed as one hash, and the classes that the
// outputs are.
struct CheckpointOwner {
  std::string key;
  std::vector<std::string> classes;
};
CheckpointOwner OwnerOf(const TrainingJob& job);

using Replicas = std::vector<std::unique_ptr<Replica>>;

// Replaces `path`; the file it was becomes `path`.previous.
void SaveCheckpoint(const std::string& path, const CheckpointOwner& owner,
                    const TrainingState& state, const Replicas& replicas);

// The newest of `path` and `path`.previous that is whole, of this key and for these classes in this
// order; empty if there is none. Why one is not used goes to `warn`.
struct FoundCheckpoint {
  std::string path;
  TrainingState state;
  TensorFile file;
};
std::optional<FoundCheckpoint> FindCheckpoint(const std::string& path, const CheckpointOwner& owner,
                                              const std::function<void(const std::string&)>& warn);
void RestoreReplicas(FoundCheckpoint found, const Replicas& replicas);

}  // namespace dse
