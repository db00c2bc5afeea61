#include "runner/torch/torch_meter.h"

#include <ATen/Parallel.h>

#include "runner/torch/memory.h"
#include "runner/torch/network.h"
#include "runner/torch/precision.h"
#include "runner/torch/site.h"
#include "runner/torch/timing.h"
#include "runner/training/network_plan.h"

namespace dse {
namespace {

class TorchMeter : public Meter {
 public:
  explicit TorchMeter(const Site& site) : site_(site) {
    KeepFreedMemory();
    AllowTf32(false);  // fp32 means fp32 on GPUs too
  }

  EngineInfo engine() const override { return LibTorchInfo(); }
  DeviceInfo device() const override { return site_.info; }
  Precision ResolvePrecision(Precision precision) const override {
    return dse::ResolvePrecision(precision, site_.devices.front());
  }

  std::vector<double> MeasureSteps(const TimingRequest& request) override {
    at::set_num_threads(site_.threads);  // as an engine does
    return GuardedAt(site_, [&] { return TimeSteps(request, site_.devices.front()); });
  }
  DevicePeaks MeasurePeaks(Precision precision) override {
    at::set_num_threads(site_.threads);
    return GuardedAt(site_, [&] { return TimePeaks(precision, site_.devices.front()); });
  }
  int64_t CountParameters(const Model& model) override {
    return Guarded(site_,
                   [&] { return Network(PlanNetwork(model), {at::kMeta}).CountParameters(); });
  }

 private:
  const Site site_;
};

}  // namespace

std::unique_ptr<Meter> MakeTorchMeter(const TrainerOptions& options) {
  const Site site = MakeSite(options);
  return Guarded(site, [&] { return std::make_unique<TorchMeter>(site); });
}

}  // namespace dse
