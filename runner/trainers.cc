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

// Whether the native engine is asked first.
bool BeginsNative(const TrainerOptions& options) {
  return options.engine == kNativeWord ||
         (options.engine == kAutoWord && options.device == kCpuWord);
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

TrainerOptions ResolveDevice(TrainerOptions options) {
  const bool on_cpu = options.engine == kNativeWord || !HasNvidiaDriver() || HidesGpus();
  if (options.device == kAutoWord && on_cpu) options.device = kCpuWord;
  return options;
}

std::unique_ptr<Trainer> MakeTrainer(const TrainerOptions& wanted) {
  const TrainerOptions options = ResolveDevice(wanted);
  Engines engines;
  if (BeginsNative(options)) {
    engines.push_back(MakeNativeEngine(options));
    if (options.engine == kAutoWord && HasTorchModule()) {
      engines.push_back(std::make_unique<TorchOnDemand>(options));
    }
  } else {
    engines.push_back(OpenTorchEngine(options));
  }
  return std::make_unique<EngineTrainer>(std::move(engines));
}

std::vector<GpuIdentity> ListGpus() { return ListTorchGpus(); }

std::unique_ptr<Meter> MakeMeter(const TrainerOptions& wanted, Precision precision) {
  const TrainerOptions options = ResolveDevice(wanted);
  const bool by_other =
      options.engine == kAutoWord && HasTorchModule() && !ComputesNatively(precision);
  return BeginsNative(options) && !by_other ? MakeNativeMeter(options) : OpenTorchMeter(options);
}

}  // namespace dse
