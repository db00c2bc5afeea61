#include "runner/work/bench.h"

#include <signal.h>

#include <catch2/catch.hpp>
#include <new>

#include "core/named_models.h"
#include "db/populations.h"
#include "tests/runner/work/study.h"

namespace dse::bench_test {
namespace {

// What a pretended device does.
struct Device {
  DeviceInfo info{{}, 3};
  int memory = 1 << 20;                     // images of a training batch that it suffices for
  std::vector<std::pair<bool, int>> timed;  // training, batch size
  std::function<void()> on_step = [] {};
};

// Steps of 1, 3 and 2 ms for each image.
class FakeMeter : public Meter {
 public:
  explicit FakeMeter(Device& device) : device_(device) {}
  DeviceInfo device() const override { return device_.info; }
  EngineInfo engine() const override { return {"Fake", "1"}; }
  Precision ResolvePrecision(Precision) const override { return Precision::kBf16; }
  DevicePeaks MeasurePeaks(Precision) override { return {1e15, 1e12}; }
  std::vector<double> MeasureSteps(const TimingRequest& request) override {
    device_.timed.emplace_back(request.training, request.batch_size);
    device_.on_step();
    if (request.training && request.batch_size > device_.memory) throw std::bad_alloc();
    const double images = request.batch_size;
    return {images, 3 * images, 2 * images};
  }
  int64_t CountParameters(const Model&) override { return 0; }

 private:
  Device& device_;
};

BenchSummary Run(const BenchRequest& request, std::vector<Model> models, Device& device) {
  return Bench(
      request, std::move(models),
      [&](const TrainerOptions&, Precision) { return std::make_unique<FakeMeter>(device); }, {});
}

BenchRequest RequestOn(const std::string& db_path) {
  BenchRequest request;
  request.db_path = db_path;
  request.trainer.threads = 3;
  request.infer_batch = 4;
  request.train_batch = 32;
  request.samples = 3;
  return request;
}

std::vector<Model> Two() { return {NamedModel("resnet-50"), NamedModel("regnetx-400mf")}; }

}  // namespace

TEST_CASE("a training batch is halved until memory suffices, and inference is not") {
  Device device;
  device.memory = 10;
  const BenchSummary summary = Run(RequestOn(""), {NamedModel("resnet-50")}, device);
  CHECK(device.timed ==
        std::vector<std::pair<bool, int>>{{false, 4}, {true, 32}, {true, 16}, {true, 8}});
  REQUIRE(summary.networks.size() == 1);
  const TimedNetwork& network = summary.networks.front();
  CHECK(network.training.key.batch_size == 8);
  CHECK(network.training.timing->milliseconds == 16);
  CHECK(network.training.timing->lowest == 8);
  CHECK(network.training.timing->highest == 24);
  CHECK(network.inference.timing->milliseconds == 8);
  CHECK(network.complexity.params == CountComplexity(network.model).params);
  CHECK(summary.precision == Precision::kBf16);

  device.memory = 1;
  const BenchSummary none = Run(RequestOn(""), {NamedModel("resnet-50")}, device);
  CHECK_FALSE(none.networks.front().training.timing);
  CHECK(none.networks.front().training.key.batch_size == 2);
}

TEST_CASE("timings are kept by what they are of, and measured again only on request") {
  const Study study(1);
  Device device;
  BenchRequest request = RequestOn(study.db_path());
  Run(request, Two(), device);
  CHECK(device.timed.size() == 4);
  CHECK(study.Query("SELECT count(*) FROM timings WHERE threads = 3 AND precision = 'bf16'"
                    " AND device = 'cpu' AND samples = 3") == 4);
  const BenchSummary stored = Run(request, Two(), device);
  CHECK(device.timed.size() == 4);
  CHECK(stored.networks[1].training.timing->milliseconds == 64);
  request.infer_batch = 5;
  Run(request, Two(), device);
  CHECK(device.timed.size() == 6);
  request.again = true;
  Run(request, Two(), device);
  CHECK(device.timed.size() == 10);
}

TEST_CASE("the share of the least possible time is told of GPUs alone") {
  Device device;
  CHECK_FALSE(Run(RequestOn(""), Two(), device).peaks);
  device.info.gpus = {{0, "Some GPU", "GPU-0"}};
  const BenchSummary summary = Run(RequestOn(""), Two(), device);
  REQUIRE(summary.peaks);
  const TimedNetwork& network = summary.networks.front();
  CHECK(network.inference.key.device == "Some GPU");
  CHECK(network.inference.key.threads == 0);
  // ResNet-50: 11.11 M activations of 2 bytes, 2.3 times through 1 TB/s, for each of 4 images.
  const double least = 1e3 * 2.3 * 2 * static_cast<double>(network.complexity.acts) * 4 / 1e12;
  CHECK(*network.inference.roofline_share == Approx(least / 8));
  CHECK(*network.training.roofline_share > *network.inference.roofline_share);
}

TEST_CASE("an interruption leaves out the network in hand and keeps what was timed") {
  const Study study(1);
  Device device;
  device.on_step = [&] {
    if (device.timed.size() == 3) raise(SIGINT);  // the second network's inference
  };
  const BenchSummary summary = Run(RequestOn(study.db_path()), Two(), device);
  CHECK(summary.interrupted);
  CHECK(summary.networks.size() == 1);
  CHECK(study.Query("SELECT count(*) FROM timings") == 3);
}

}  // namespace dse::bench_test
