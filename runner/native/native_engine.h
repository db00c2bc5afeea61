#pragma once

#include <memory>

#include "runner/training/engine.h"
#include "runner/training/recipe.h"
#include "runner/training/trainer_options.h"

namespace dse {

// The program's own engine: every network, in fp32, on the CPU. What it computes is the same to the
// last bit for every number of threads. Throws Error for a GPU.
std::unique_ptr<Engine> MakeNativeEngine(const TrainerOptions& options);

// Whether a recipe's word of a precision means fp32 on the CPU, as tf32 does.
bool ComputesNatively(Precision precision);

}  // namespace dse
