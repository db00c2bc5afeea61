#pragma once

#include <memory>

#include "runner/training/trainer.h"

namespace dse {

// The trainer inside the module, what MakeTorchTrainer finds there. Throws Error for a device that
// is not there.
std::unique_ptr<Trainer> MakeLibTorchTrainer(const TrainerOptions& options);

}  // namespace dse
