#include "runner/work/bench.h"

#include <new>
#include <utility>

#include "db/database.h"
#include "db/done_runs.h"
#include "runner/training/device_info.h"
#include "runner/training/division.h"
#include "runner/training/roofline.h"
#include "runner/work/spread.h"
#include "runner/work/stop_signals.h"

namespace dse {
namespace {

// Times networks on one device.
class Stopwatch {
 public:
  Stopwatch(const BenchRequest& request, const MeterFactory& factory)
      : request_(request), meter_(factory(request.trainer, request.precision)) {
    if (!request.db_path.empty()) db_ = Database::Open(request.db_path, OpenMode::kCreate);
    recipe_.precision = meter_->ResolvePrecision(request.precision);
    device_ = meter_->device().Kind();
    on_gpu_ = meter_->device().on_gpu();
  }

  // Empty where it was interrupted in between.
  std::optional<TimedNetwork> Time(Model model) {
    TimedNetwork network;
    network.complexity = CountComplexity(model);
    network.model = std::move(model);
    const std::string hash = ModelHash(network.model);
    if (db_) network.error = FindError(*db_, hash);
    network.inference = TimeBatch(network.model, KeyOf(hash, false, request_.infer_batch));
    if (StopSignals::count() > 0) return {};
    network.training = TimeTraining(network.model, KeyOf(hash, true, request_.train_batch));
    return network;
  }

  BenchSummary Summarise(std::vector<TimedNetwork> networks, bool interrupted) {
    BenchSummary summary;
    summary.device = meter_->device().Name();
    summary.precision = recipe_.precision;
    summary.engine = meter_->engine().Text();
    summary.networks = std::move(networks);
    summary.interrupted = interrupted;
    if (!on_gpu_ || summary.networks.empty()) return summary;
    summary.peaks = meter_->MeasurePeaks(recipe_.precision);
    for (TimedNetwork& network : summary.networks) {
      for (BatchTiming* batch : {&network.inference, &network.training}) {
        batch->roofline_share = RooflineShare(network.complexity, *batch, *summary.peaks);
      }
    }
    return summary;
  }

 private:
  TimingKey KeyOf(const std::string& hash, bool training, int batch_size) const {
    return {hash,
            training,
            device_,
            PrecisionWord(recipe_.precision),
            on_gpu_ ? 0 : request_.trainer.threads,
            batch_size};
  }

  // The largest batch, of `key`'s and its halves, that memory suffices for.
  BatchTiming TimeTraining(const Model& model, TimingKey key) {
    BatchTiming batch = TimeBatch(model, key);
    while (!batch.timing && key.batch_size > kFewestTrainImages) {
      key.batch_size /= 2;
      batch = TimeBatch(model, key);
    }
    return batch;
  }

  // Timings of before engines were kept are LibTorch's.
  bool IsOfThisEngine(const Timing& timing) const {
    const std::string engine = timing.engine.empty() ? kLibTorch : timing.engine;
    return engine.substr(0, engine.find(' ')) == meter_->engine().name;
  }

  BatchTiming TimeBatch(const Model& model, const TimingKey& key) {
    if (db_ && !request_.again) {
      const std::optional<Timing> stored = FindTiming(*db_, key);
      if (stored && IsOfThisEngine(*stored)) return {key, stored, {}};
    }
    try {
      const Timing timing = Measure(model, key);
      if (db_) StoreTiming(*db_, model, key, timing);
      return {key, timing, {}};
    } catch (const std::bad_alloc&) {
      return {key, {}, {}};
    }
  }

  Timing Measure(const Model& model, const TimingKey& key) {
    const Spread spread = MeasureSpread(
        meter_->MeasureSteps({model, recipe_, key.training, key.batch_size, request_.samples}));
    return {spread.median, spread.lowest, spread.highest, request_.samples,
            meter_->engine().Text()};
  }

  std::optional<double> RooflineShare(const Complexity& complexity, const BatchTiming& batch,
                                      const DevicePeaks& peaks) const {
    if (!batch.timing) return std::nullopt;
    return RooflineMilliseconds(complexity, batch.key.batch_size, recipe_.precision,
                                batch.key.training, peaks) /
           batch.timing->milliseconds;
  }

  const BenchRequest& request_;
  const std::unique_ptr<Meter> meter_;
  std::optional<Database> db_;
  Recipe recipe_;
  std::string device_;  // its kind
  bool on_gpu_ = false;
};

}  // namespace

BenchSummary Bench(const BenchRequest& request, std::vector<Model> models,
                   const MeterFactory& factory,
                   const std::function<void(int64_t done, int64_t all)>& on_progress) {
  Stopwatch stopwatch(request, factory);
  auto signals = std::make_unique<StopSignals>();
  std::vector<TimedNetwork> networks;
  bool interrupted = false;
  for (Model& model : models) {
    std::optional<TimedNetwork> network;
    if (StopSignals::count() == 0) network = stopwatch.Time(std::move(model));
    interrupted = !network;
    if (interrupted) break;
    networks.push_back(std::move(*network));
    if (on_progress) {
      on_progress(static_cast<int64_t>(networks.size()), static_cast<int64_t>(models.size()));
    }
  }
  signals.reset();  // a signal while peaks are measured ends the process
  return stopwatch.Summarise(std::move(networks), interrupted);
}

}  // namespace dse
