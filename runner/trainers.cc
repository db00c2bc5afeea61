#include "runner/trainers.h"

#include <utility>

#include "runner/native/native_engine.h"
#include "runner/native/native_meter.h"
#include "runner/torch_module.h"
#include "runner/training/engine_trainer.h"
#include "runner/training/gpu_presence.h"

namespace dse {
namespace {

constexpr const char* kAutoWord = "auto";
constexpr const char* kCpuWord = "cpu";
constexpr const char* kNativeWord = "native";

// The native engine knows no other word for its device.
TrainerOptions OnCpu(TrainerOptions options) {
  options.device = kCpuWord;
  return options;
}

// Whether LibTorch is to be asked for GPUs. A driver's file promises some; where only its library
// loads, the CPU will do for who has no LibTorch.
bool MayHaveGpus() {
  return !HidesGpus() && (HasNvidiaDriver() || (HasTorchModule() && LoadsCuda()));
}

// LibTorch on the CPU, opened when it is first asked for something: that takes half a second, and
// most trainings do without.
class TorchOnDemand : public Engine {
 public:
  explicit TorchOnDemand(TrainerOptions options) : options_(std::move(options)) {}

  EngineInfo info() const override { return opened().info(); }
  Support Supports(const Model& model, const Recipe& recipe) const override {
    return opened().Supports(model, recipe);
  }
  DeviceInfo device() const override { return opened().device(); }
  int replicas() const override { return opened().replicas(); }
  int threads() const override { return opened().threads(); }
  Precision ResolvePrecision(Precision precision) const override {
    return opened().ResolvePrecision(precision);
  }
  std::unique_ptr<EngineNetwork> Make(const NetworkRequest& request) override {
    return opened().Make(request);
  }
  void FreeMemory() override {
    if (engine_) engine_->FreeMemory();
  }

 private:
  Engine& opened() const {
    if (!engine_) engine_ = OpenTorchEngine(options_);
    return *engine_;
  }

  const TrainerOptions options_;
  mutable std::unique_ptr<Engine> engine_;
};

}  // namespace

TrainerOptions ResolveDevice(const TrainerOptions& options) {
  if (options.device != kAutoWord) return options;
  return options.engine == kNativeWord || !MayHaveGpus() ? OnCpu(options) : options;
}

std::unique_ptr<Trainer> MakeTrainer(const TrainerOptions& wanted) {
  const TrainerOptions options = ResolveDevice(wanted);
  Engines engines;
  if (options.engine == kNativeWord) {
    engines.push_back(MakeNativeEngine(options));
  } else if (options.engine == kAutoWord && options.device == kCpuWord) {
    engines.push_back(MakeNativeEngine(options));
    if (HasTorchModule()) engines.push_back(std::make_unique<TorchOnDemand>(options));
  } else {
    engines.push_back(OpenTorchEngine(options));
    const bool found_no_gpu = options.engine == kAutoWord && !engines.back()->device().on_gpu();
    if (found_no_gpu) engines.insert(engines.begin(), MakeNativeEngine(OnCpu(options)));
  }
  return std::make_unique<EngineTrainer>(std::move(engines));
}

std::vector<GpuIdentity> ListGpus() { return ListTorchGpus(); }

std::unique_ptr<Meter> MakeMeter(const TrainerOptions& wanted, Precision precision) {
  const TrainerOptions options = ResolveDevice(wanted);
  const bool any = options.engine == kAutoWord, native = ComputesNatively(precision);
  if (options.engine == kNativeWord) return MakeNativeMeter(options);
  if (any && options.device == kCpuWord && (native || !HasTorchModule())) {
    return MakeNativeMeter(options);
  }
  std::unique_ptr<Meter> meter = OpenTorchMeter(options);
  const bool found_no_gpu = any && native && !meter->device().on_gpu();
  return found_no_gpu ? MakeNativeMeter(OnCpu(options)) : std::move(meter);
}

}  // namespace dse
