#pragma once

#include <memory>
#include <vector>

#include "runner/training/device_info.h"
#include "runner/training/meter.h"
#include "runner/training/recipe.h"
#include "runner/training/trainer.h"
#include "runner/training/trainer_options.h"

namespace dse {

// `auto` as a device becomes cpu where that is known without asking LibTorch: the native engine has
// no other, and gpu_presence.h says where there is no GPU. Else LibTorch is asked, which is an
// error where there is a driver's file and no GPU can be used: the CPU must be asked for there.
TrainerOptions ResolveDevice(const TrainerOptions& options);

// The trainer of this program for a device. `auto` as an engine is LibTorch on GPUs. On the CPU the
// native engine trains each network and recipe that it supports (engine_choice.h), and LibTorch the
// rest, where its module is there; it is opened when the first such network comes. Throws Error for
// a device that is not there and where the engine cannot be opened (torch_module.h).
std::unique_ptr<Trainer> MakeTrainer(const TrainerOptions& options);

// The GPUs that this process can use. What it opens stays open: ask in a process of its own.
std::vector<GpuIdentity> ListGpus();

// Measures the engine that networks are trained on there in a precision; throws as MakeTrainer
// does.
std::unique_ptr<Meter> MakeMeter(const TrainerOptions& options, Precision precision);

}  // namespace dse
