#pragma once

#include <memory>

#include "runner/training/meter.h"
#include "runner/training/trainer_options.h"

namespace dse {

// Measures LibTorch on the first device of the options. Throws Error for a device that is not
// there.
std::unique_ptr<Meter> MakeTorchMeter(const TrainerOptions& options);

}  // namespace dse
