#include "runner/native/native_meter.h"

#include "core/clock.h"
#include "core/error.h"
#include "core/rng.h"
#include "runner/native/native_engine.h"

namespace dse {
namespace {

constexpr int kWarmUpSteps = 3;
constexpr double kRate = 0.01;  // weights change and stay finite

Batch NoiseBatch(const Frame& frame, int images) {
  RandomStream random(StreamKey(0, "timed batch"), 0);
  Batch batch;
  batch.size = images;
  batch.resolution = frame.resolution;
  batch.pixels.resize(size_t{3} * images * frame.resolution * frame.resolution);
  for (uint8_t& pixel : batch.pixels) pixel = static_cast<uint8_t>(random.NextWord());
  for (int i = 0; i < images; ++i) {
    batch.labels.push_back(static_cast<int64_t>(random.Below(frame.classes)));
  }
  batch.color_shift.resize(static_cast<size_t>(images));
  return batch;
}

class NativeMeter : public Meter {
 public:
  explicit NativeMeter(const TrainerOptions& options) : engine_(MakeNativeEngine(options)) {}

  EngineInfo engine() const override { return engine_->info(); }
  DeviceInfo device() const override { return engine_->device(); }
  Precision ResolvePrecision(Precision precision) const override {
    return engine_->ResolvePrecision(precision);
  }

  std::vector<double> MeasureSteps(const TimingRequest& request) override {
    Recipe recipe = request.recipe;
    recipe.batch_size = request.batch_size;
    const NetworkPlan plan = PlanNetwork(request.model, recipe.zero_init_gamma);
    NetworkRequest wanted{plan, recipe};
    wanted.stddev = {0.25f, 0.25f, 0.25f};
    wanted.tests_only = !request.training;
    const std::unique_ptr<EngineNetwork> network = engine_->Make(wanted);
    const Batch batch = NoiseBatch(request.model.frame, request.batch_size);
    network->StartTally(kWarmUpSteps + request.samples);
    std::vector<double> milliseconds;
    for (int i = 0; i < kWarmUpSteps + request.samples; ++i) {
      const Clock::time_point start = Clock::now();
      request.training ? network->Step(batch, {0, kRate}) : network->Test(batch, {});
      const double seconds = SecondsSince(start);
      if (i >= kWarmUpSteps) milliseconds.push_back(1e3 * seconds);
    }
    return milliseconds;
  }

  DevicePeaks MeasurePeaks(Precision) override {
    throw Error("internal: peaks are measured on GPUs alone");
  }
  int64_t CountParameters(const Model& model) override {
    return PlanNetwork(model).CountParameters();
  }

 private:
  const std::unique_ptr<Engine> engine_;
};

}  // namespace

std::unique_ptr<Meter> MakeNativeMeter(const TrainerOptions& options) {
  return std::make_unique<NativeMeter>(options);
}

}  // namespace dse
