#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "core/result.h"
#include "db/claims.h"
#include "db/database.h"

namespace dse {

// What a run came to.
struct FinishedRun {
  RunState state = RunState::kDone;  // kDone, kDiverged, kOutOfMemory, kFailed
  std::optional<double> error;       // kDone only
  std::optional<double> best_error;
  std::optional<int64_t> micro_batch;
  double seconds = 0;
  std::optional<double> img_per_s;  // training images a second
  std::string message;              // why, for kFailed and kDiverged
  std::string engine;               // that trained, with its version: "LibTorch 2.11.0"
  std::string precision;            // that was trained in: "fp32", "bf16", ...; "" if unknown
};
// False, changing nothing, if the run is no longer ours. `settle` is called while the run is still
// ours, right before others see the result. Nothing is stored if it throws.
bool FinishRun(Database& db, const ClaimedRun& run, const FinishedRun& result,
               const std::function<void()>& settle = {});

}  // namespace dse
