#include "runner/torch/torch_engine.h"

#include <ATen/Parallel.h>

#include "runner/torch/memory.h"
#include "runner/torch/precision.h"
#include "runner/torch/site.h"
#include "runner/torch/torch_network.h"

namespace dse {
namespace {

class TorchEngine : public Engine {
 public:
  explicit TorchEngine(const Site& site) : site_(site) {
    KeepFreedMemory();
    AllowTf32(false);  // fp32 means fp32 on GPUs too
  }

  EngineInfo info() const override { return LibTorchInfo(); }
  Support Supports(const Model&, const Recipe&) const override { return {}; }
  DeviceInfo device() const override { return site_.info; }
  int replicas() const override { return static_cast<int>(site_.devices.size()); }
  int threads() const override { return site_.threads; }
  Precision ResolvePrecision(Precision precision) const override {
    return dse::ResolvePrecision(precision, site_.devices.front());
  }

  std::unique_ptr<EngineNetwork> Make(const NetworkRequest& request) override {
    AllowTf32(ResolvePrecision(request.recipe.precision) == Precision::kTf32);
    at::set_num_threads(site_.threads);
    return GuardedAt(site_, [&] { return std::make_unique<TorchNetwork>(request, site_); });
  }

  void FreeMemory() override {
    Guarded(site_, [&] { FreeCachedMemory(site_); });
  }

 private:
  const Site site_;
};

}  // namespace

std::unique_ptr<Engine> MakeTorchEngine(const TrainerOptions& options) {
  const Site site = MakeSite(options);
  return Guarded(site, [&] { return std::make_unique<TorchEngine>(site); });
}

}  // namespace dse
