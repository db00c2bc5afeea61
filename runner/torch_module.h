#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/version.h"
#include "runner/training/device_info.h"
#include "runner/training/engine.h"
#include "runner/training/meter.h"
#include "runner/training/trainer_options.h"

// What the shared module with LibTorch exports. The program opens it with dlopen when it first
// computes on LibTorch, so all else starts in milliseconds. Module and program are built together:
// plain C++ types and exceptions cross the border.

namespace dse {

inline constexpr const char* kTorchModuleFile = "libdse_torch.so";

// Tells builds apart: version and commit.
inline std::string TorchModuleBuild() { return std::string(Version()) + " " + Commit(); }

// Where the module lies. Throws Error, a worker's fault, if it is nowhere.
std::string TorchModulePath();
bool HasTorchModule();

// Large tensors in huge pages, as the native engine's arrays (native/float_array.h), unless the
// user has decided otherwise. To be called before a thread starts: LibTorch reads it from the
// environment.
void LetTorchUseHugePages();

// Open the module and make its engine, or what measures it. The module is looked for in
// $DSE_TORCH_MODULE, beside the program and in ../lib/dse from there. Throw Error if it is missing,
// does not load, belongs to another build, or the device is not there; the module's faults are the
// worker's (core/error.h), for another process may find a whole one.
std::unique_ptr<Engine> OpenTorchEngine(const TrainerOptions& options);
std::unique_ptr<Meter> OpenTorchMeter(const TrainerOptions& options);
// Opens the module and asks it for the GPUs that this process can use.
std::vector<GpuIdentity> ListTorchGpus();

}  // namespace dse

extern "C" {

// TorchModuleBuild() as the module was compiled; a static string.
const char* dse_torch_module_build();

// New, owned by the caller. Throw dse::Error, such as for a device that is not there.
dse::Engine* dse_make_torch_engine(const dse::TrainerOptions* options);
dse::Meter* dse_make_torch_meter(const dse::TrainerOptions* options);

void dse_list_gpus(std::vector<dse::GpuIdentity>* gpus);
}
