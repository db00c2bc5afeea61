#pragma once

#include <memory>

#include "runner/training/meter.h"
#include "runner/training/trainer_options.h"

namespace dse {

// Measures the native engine. Throws Error for a GPU.
std::unique_ptr<Meter> MakeNativeMeter(const TrainerOptions& options);

}  // namespace dse
