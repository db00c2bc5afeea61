#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "runner/training/engine_network.h"
#include "runner/training/safetensors.h"
#include "runner/training/training_job.h"

namespace dse {

// How far a training came: what is not in tensors. Random choices need no state, they are functions
// of the seed and of the place in the training.
struct TrainingState {
  int epoch = 0;                     // epochs trained and tested
  int64_t step = 0;                  // steps of the next epoch that are done
  std::vector<double> losses;        // of these steps
  int64_t wrong = 0;                 // training images answered wrongly in these steps
  std::vector<EpochRecord> history;  // of the epochs done
  int parts = 1;                     // a batch is divided into
  double epoch_seconds = 0;          // spent on the unfinished epoch
  double seconds = 0;                // spent in all
  double training_seconds = 0;       // of it on training steps
  // What trained so far, with versions: "native 0.1.0", or where one went on with what another
  // began, "LibTorch 2.11.0 + native 0.1.0".
  std::string engines;
};

// What a checkpoint belongs to.
struct CheckpointOwner {
  // Model, recipe, data, seed, and what the recipe's precision meant, which differs between
  // devices; without the word of fp32, as it was when there was nothing else.
  std::string key;
  std::string data;                  // fingerprint
  std::vector<std::string> classes;  // names of the outputs, in order
};
CheckpointOwner OwnerOfCheckpoint(const TrainingJob& job, Precision resolved);

// Replaces `path`; the file it was becomes `path`.previous. The new one is `path`.fresh in between,
// so whatever moment a kill chooses, the newest whole checkpoint has one of the three names. False,
// with all of them as they were, where `publish` answered so (TrainingHooks).
using PublishHook = std::function<bool(const std::function<void()>& put_in_place)>;
bool SaveCheckpoint(const std::string& path, const CheckpointOwner& owner,
                    const TrainingState& state, EngineNetwork& network, const PublishHook& publish);

// The newest of `path`.fresh, `path` and `path`.previous that is whole and of this owner; empty if
// there is none; why one is not used goes to `warn`. Any engine goes on with what another began.
struct FoundCheckpoint {
  std::string path;
  TrainingState state;
  UpdateState updates;
  TensorFile file;
};
std::optional<FoundCheckpoint> FindCheckpoint(const std::string& path, const CheckpointOwner& owner,
                                              const std::function<void(const std::string&)>& warn);

}  // namespace dse
