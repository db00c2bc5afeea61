#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace dse {

enum class TrainingOutcome { kDone, kDiverged, kOutOfMemory, kInterrupted };

struct TrainingResult {
  TrainingOutcome outcome = TrainingOutcome::kDone;
  double error = 0;       // of the last epoch; kDone only
  double best_error = 0;  // lowest over epochs; kDone only
  // Images normalised together, where they are fewer than a batch: replicas, or gradients
  // accumulated because memory ran out.
  std::optional<int64_t> micro_batch;
  // What trained it, with versions: "native 0.1.0"; where one went on with what another began,
  // "LibTorch 2.11.0 + native 0.1.0", of kOutOfMemory the last alone.
  std::string engine;
  std::string precision;  // what the recipe's word meant on this device: "fp32", "bf16", ...
  double seconds = 0;
  double img_per_s = 0;  // training images over training time
  std::string message;   // what happened, unless kDone
};

}  // namespace dse
