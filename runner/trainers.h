#pragma once

#include <memory>
#include <vector>

#include "runner/training/device_info.h"
#include "runner/training/meter.h"
#include "runner/training/trainer.h"
#include "runner/training/trainer_options.h"

namespace dse {

// The trainer of this program for a device: it trains each network on the first engine there that
// supports network and recipe (engine_choice.h). Throws Error for a device that is not there and
// where no engine can be opened (torch_module.h).
std::unique_ptr<Trainer> MakeTrainer(const TrainerOptions& options);

// The GPUs that this process can use. What it opens stays open: ask in a process of its own.
std::vector<GpuIdentity> ListGpus();

// Measures the engine that networks are trained on there; throws as MakeTrainer does.
std::unique_ptr<Meter> MakeMeter(const TrainerOptions& options);

}  // namespace dse
