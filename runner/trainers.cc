#include "runner/trainers.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "runner/native/native_engine.h"
#include "runner/native/native_meter.h"
#include "runner/torch_module.h"
#include "runner/training/engine_trainer.h"

namespace dse {
namespace {

constexpr const char* kNativeWord = "native";

bool HasNvidiaDriver() {
  std::error_code ignored;
  return std::filesystem::exists("/dev/nvidiactl", ignored);
}

bool MeansCpu(const std::string& device) {
  return device == "cpu" || (device == "auto" && !HasNvidiaDriver());
}

}  // namespace

TrainerOptions ChooseEngine(TrainerOptions options) {
  if (options.engine == "auto" && !HasTorchModule() && MeansCpu(options.device)) {
    options.engine = kNativeWord;
  }
  if (options.engine == kNativeWord && options.device == "auto") options.device = "cpu";
  return options;
}

std::unique_ptr<Trainer> MakeTrainer(const TrainerOptions& wanted) {
  const TrainerOptions options = ChooseEngine(wanted);
  Engines engines;
  engines.push_back(options.engine == kNativeWord ? MakeNativeEngine(options)
                                                  : OpenTorchEngine(options));
  return std::make_unique<EngineTrainer>(std::move(engines));
}

std::vector<GpuIdentity> ListGpus() { return ListTorchGpus(); }

std::unique_ptr<Meter> MakeMeter(const TrainerOptions& wanted) {
  const TrainerOptions options = ChooseEngine(wanted);
  return options.engine == kNativeWord ? MakeNativeMeter(options) : OpenTorchMeter(options);
}

}  // namespace dse
