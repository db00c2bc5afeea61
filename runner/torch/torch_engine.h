#pragma once

#include <memory>

#include "runner/training/engine.h"
#include "runner/training/trainer_options.h"

namespace dse {

// The engine inside the module: every network and recipe, on the CPU and on GPUs. Throws Error for
// a device that is not there.
std::unique_ptr<Engine> MakeTorchEngine(const TrainerOptions& options);

}  // namespace dse
