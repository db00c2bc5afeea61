#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "runner/training/engine_info.h"
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
};

// What a checkpoint belongs to.
struct CheckpointOwner {
  // Model, recipe, data, seed, what the recipe's precision meant, which differs between devices,
  // and the engine's name: another one gives the same network other numbers. Without the word of
  // fp32 and the name of LibTorch, as it was when there was nothing else.
  std::string key;
  std::string data;                  // fingerprint
  std::vector<std::string> classes;  // names of the outputs, in order
  EngineInfo engine;
};
CheckpointOwner OwnerOfCheckpoint(const TrainingJob& job, Precision resolved,
                                  const EngineInfo& engine);

// Replaces `path`; the file it was becomes `path`.previous. The new one is `path`.fresh in between,
// so whatever moment a kill chooses, the newest whole checkpoint has one of the three names. False,
// with all of them as they were, where `publish` answered so (TrainingHooks).
using PublishHook = std::function<bool(const std::function<void()>& put_in_place)>;
bool SaveCheckpoint(const std::string& path, const CheckpointOwner& owner,
                    const TrainingState& state, EngineNetwork& network, const PublishHook& publish);

// The newest of `path`.fresh, `path` and `path`.previous that is whole and of this owner; empty if
// there is none. Why one is not used goes to `warn`, and so does that one is which another version
// of the engine wrote.
struct FoundCheckpoint {
  std::string path;
  TrainingState state;
  UpdateState updates;
  TensorFile file;
};
std::optional<FoundCheckpoint> FindCheckpoint(const std::string& path, const CheckpointOwner& owner,
                                              const std::function<void(const std::string&)>& warn);

}  // namespace dse
