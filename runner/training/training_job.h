#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/model.h"
#include "core/result.h"
#include "runner/data/dataset.h"
#include "runner/training/recipe.h"
#include "runner/training/training_result.h"
#include "runner/training/weight_names.h"

namespace dse {

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
  // Others compute on the device: memory that runs out may be theirs, so it says nothing of smaller
  // parts of a batch, and the training ends as kOutOfMemory, perhaps memory or certainly.
  bool beside_others = false;
};

// What the owner of a run gives the trainer.
struct TrainingHooks {
  // After each epoch's test. A training that goes on from a checkpoint first repeats the reports
  // of the epochs before.
  std::function<void(const EpochRecord&)> on_epoch;
  std::function<bool()> should_stop;  // asked at every step; true ends as kInterrupted
  // One sentence: a checkpoint not used, weights that cannot be written (the result stays good).
  std::function<void(const std::string&)> on_warning;
  // Asked to put a checkpoint in place: calls `put_in_place` while nobody else can take the run. If
  // the run is no longer its owner's it answers false without the call, and the training ends as
  // kInterrupted. Unset: put in place at once.
  std::function<bool(const std::function<void()>& put_in_place)> publish;
};

}  // namespace dse
