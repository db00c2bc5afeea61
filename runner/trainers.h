#pragma once

#include <memory>
#include <vector>

#include "runner/training/device_info.h"
#include "runner/training/meter.h"
#include "runner/training/trainer.h"
#include "runner/training/trainer_options.h"

namespace dse {

// What `auto` means here, so that it is not asked again elsewhere: LibTorch where its module is
// there, the native engine on the CPU of a build without it. On a machine with an NVIDIA driver the
// CPU must be asked for, as it is where LibTorch finds no GPU. The native engine's device is cpu.
TrainerOptions ChooseEngine(TrainerOptions options);

// The trainer of this program for a device: it trains each network on the first engine there that
// supports network and recipe (engine_choice.h). Throws Error for a device that is not there and
// where the engine cannot be opened (torch_module.h).
std::unique_ptr<Trainer> MakeTrainer(const TrainerOptions& options);

// The GPUs that this process can use. What it opens stays open: ask in a process of its own.
std::vector<GpuIdentity> ListGpus();

// Measures the engine that networks are trained on there; throws as MakeTrainer does.
std::unique_ptr<Meter> MakeMeter(const TrainerOptions& options);

}  // namespace dse
