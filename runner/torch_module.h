#pragma once

#include <string>

#include "core/version.h"
#include "runner/training/trainer.h"

// What the shared module with LibTorch exports. The program opens it with dlopen only when it
// trains, so commands that do not train start in milliseconds. Module and program are built
// together: plain C++ types and exceptions cross the border.

namespace dse {

inline constexpr const char* kTorchModuleFile = "libdse_torch.so";

// Tells builds apart: version and commit.
inline std::string TorchModuleBuild() { return std::string(Version()) + " " + Commit(); }

}  // namespace dse

extern "C" {

// TorchModuleBuild() as the module was compiled; a static string.
const char* dse_torch_module_build();

// A new trainer, owned by the caller. Throws dse::Error, such as for a device that is not there.
dse::Trainer* dse_make_torch_trainer(const dse::TrainerOptions* options);
}
