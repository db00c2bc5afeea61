#pragma once

#include <optional>
#include <string>

#include "runner/torch/device_choice.h"
#include "runner/torch/library_failure.h"
#include "runner/training/device_info.h"

namespace dse::cuda {

// Throw Error, the worker's fault, where the device does not answer.
GpuIdentity Identity(int index);
DeviceAbility Ability(int index);

// Why CUDA finds no GPU: "CUDA driver version is insufficient for CUDA runtime version"; "" where
// it finds one.
std::string CountFailure();

// Waits for what the device does: false after a fault that ends every later call too.
bool Answers(int index);

// Now; empty where the device does not answer.
std::optional<MemoryUse> Memory(int index);

}  // namespace dse::cuda
