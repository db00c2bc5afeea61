#include <string>
#include <vector>

#include "runner/torch/device.h"
#include "runner/torch/torch_engine.h"
#include "runner/torch/torch_meter.h"
#include "runner/torch_module.h"

// What the program looks up after opening this module; everything else in it is hidden.

#define DSE_EXPORT extern "C" __attribute__((visibility("default")))

DSE_EXPORT const char* dse_torch_module_build() {
  static const std::string build = dse::TorchModuleBuild();
  return build.c_str();
}

DSE_EXPORT dse::Engine* dse_make_torch_engine(const dse::TrainerOptions* options) {
  return dse::MakeTorchEngine(*options).release();
}

DSE_EXPORT void dse_list_gpus(std::vector<dse::GpuIdentity>* gpus) { *gpus = dse::ListCudaGpus(); }

DSE_EXPORT dse::Meter* dse_make_torch_meter(const dse::TrainerOptions* options) {
  return dse::MakeTorchMeter(*options).release();
}
