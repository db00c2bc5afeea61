#pragma once

#include "cli/options.h"
#include "runner/training/trainer_options.h"

namespace dse {

// --device and --engine of every command that trains, tests or times networks.
void AddDeviceOptions(OptionParser& parser, TrainerOptions& options);

}  // namespace dse
