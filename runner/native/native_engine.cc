#include "runner/native/native_engine.h"

#include <algorithm>

#include "core/error.h"
#include "core/version.h"
#include "runner/native/native_network.h"

namespace dse {
namespace {

class NativeEngine : public Engine {
 public:
  explicit NativeEngine(const TrainerOptions& options)
      : threads_(std::max(1, options.threads)), replicas_(std::max(1, options.replicas)) {}

  EngineInfo info() const override { return {kNative, Version()}; }
  Support Supports(const Model&, const Recipe& recipe) const override {
    if (ComputesNatively(recipe.precision)) return {};
    return {false, std::string("precision ") + PrecisionWord(recipe.precision)};
  }
  DeviceInfo device() const override { return {{}, threads_}; }
  int replicas() const override { return replicas_; }
  int threads() const override { return threads_; }
  Precision ResolvePrecision(Precision precision) const override {
    if (ComputesNatively(precision)) return Precision::kFp32;
    throw Error(std::string("precision ") + PrecisionWord(precision) +
                ": the native engine computes in fp32");
  }

  std::unique_ptr<EngineNetwork> Make(const NetworkRequest& request) override {
    return std::make_unique<native::NativeNetwork>(request, threads_);
  }
  void FreeMemory() override {}

 private:
  const int threads_;
  const int replicas_;
};

}  // namespace

bool ComputesNatively(Precision precision) {
  return precision == Precision::kFp32 || precision == Precision::kTf32 ||
         precision == Precision::kAuto;
}

std::unique_ptr<Engine> MakeNativeEngine(const TrainerOptions& options) {
  if (options.device != "cpu" && options.device != "auto") {
    throw Error("the native engine computes on the CPU alone; it cannot use --device " +
                options.device);
  }
  return std::make_unique<NativeEngine>(options);
}

}  // namespace dse
