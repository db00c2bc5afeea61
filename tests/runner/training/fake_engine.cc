#include "tests/runner/training/fake_engine.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <new>
#include <utility>

#include "core/error.h"
#include "runner/training/out_of_memory.h"
#include "runner/training/record_reader.h"
#include "runner/training/replica_records.h"

namespace dse {
namespace {

// A record of floats, the first of them `value` and the others 0.
TensorRecord Filled(const std::string& name, const std::vector<int64_t>& shape, float value) {
  int64_t elements = 1;
  for (const int64_t size : shape) elements *= size;
  TensorRecord record{name, TensorType::kF32, shape, {}};
  record.data.assign(static_cast<size_t>(elements * SizeOf(TensorType::kF32)), '\0');
  std::memcpy(record.data.data(), &value, sizeof value);
  return record;
}

float FirstOf(const TensorRecord& record) {
  float value = 0;
  std::memcpy(&value, record.data.data(), sizeof value);
  return value;
}

// A number in 0..1 of a batch's images and labels.
float Digest(const Batch& batch) {
  uint64_t sum = 0;
  for (const uint8_t pixel : batch.pixels) sum = sum * 31 + pixel;
  for (const int64_t label : batch.labels) sum = sum * 31 + static_cast<uint64_t>(label);
  return static_cast<float>(sum % 1009) / 1009;
}

std::string Short(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", number);
  return text;
}

class FakeNetwork : public EngineNetwork {
 public:
  FakeNetwork(const NetworkRequest& request, FakeScript& script)
      : request_(request),
        script_(script),
        w_(static_cast<float>(request.seed + 1)),
        average_(w_),
        means_(static_cast<size_t>(request.division.replicas), 0) {}

  void StartTally(int64_t steps) override {
    Note("tally " + std::to_string(steps));
    room_ = steps;
    tally_ = {};
    tested_images_ = 0;
  }

  Tally TakeTally() override {
    Note("take");
    if (tested_images_ > 0) {
      if (script_.test_loss) tally_.losses[0] = script_.test_loss(tests_, tally_.losses[0]);
      if (script_.wrong) tally_.wrong = script_.wrong(tests_, tested_images_);
      ++tests_;
    }
    tally_.losses.resize(static_cast<size_t>(room_));
    return tally_;
  }

  void Step(const Batch& batch, const StepPlace& place) override {
    Note("step " + std::to_string(place.image) + " " + Short(place.lr));
    Hold(batch);
    const float digest = Digest(batch);
    momentum_ = 0.5F * momentum_ + digest - 0.1F * w_;
    w_ += static_cast<float>(place.lr) * momentum_;
    average_ = 0.5F * average_ + 0.5F * w_;
    for (size_t i = 0; i < means_.size(); ++i) {
      means_[i] = 0.9F * means_[i] + digest * static_cast<float>(i + 1);
    }
    const double loss = std::abs(w_) + static_cast<double>(digest);
    tally_.losses.push_back(script_.loss ? script_.loss(updates_.steps, loss) : loss);
    ++updates_.steps;
    updates_.loss_scale = 65536;
    ++updates_.good_steps;
    tally_.wrong += static_cast<int64_t>(digest * static_cast<float>(batch.size));
  }

  std::optional<double> LastLoss() override {
    return script_.behind ? std::nullopt : std::optional(tally_.losses.back());
  }

  void Test(const Batch& batch, const std::vector<int64_t>& tested) override {
    std::string outputs;
    for (const int64_t output : tested) {
      outputs += (outputs.empty() ? " of " : ",") + std::to_string(output);
    }
    Note("test " + std::to_string(batch.size) + outputs);
    Hold(batch);
    tally_.losses.resize(1);
    tally_.losses[0] += batch.size * (std::abs(w_) + std::abs(means_[0]) + Digest(batch));
    for (const int64_t label : batch.labels) tally_.wrong += label == 1 ? 1 : 0;
    tested_images_ += batch.size;
  }

  void StartStatistics() override {
    Note("statistics");
    sum_ = 0;
  }
  void AddStatistics(const Batch& batch) override {
    Note("add");
    sum_ += Digest(batch);
  }
  void StoreStatistics() override {
    Note("store");
    for (float& mean : means_) mean = sum_;
  }
  void DropStatistics() override { Note("drop"); }
  void ShareStatistics() override {
    Note("share");
    float sum = 0;
    for (const float mean : means_) sum += mean;
    for (float& mean : means_) mean = sum / static_cast<float>(means_.size());
  }
  void SwapAverage() override {
    Note("swap");
    if (request_.recipe.ema_decay > 0) std::swap(w_, average_);
  }

  std::vector<TensorRecord> GiveNetwork() override {
    Note("give");
    std::vector<TensorRecord> records;
    for (const ParameterPlan& parameter : request_.plan.parameters) {
      records.push_back(Filled(parameter.name, parameter.shape, w_));
    }
    for (const NormPlan* norm : request_.plan.Norms()) {
      records.push_back(Filled(norm->name + ".running_mean", {norm->channels}, means_[0]));
      records.push_back(Filled(norm->name + ".running_var", {norm->channels}, 1));
    }
    return records;
  }

  void TakeNetwork(const std::vector<TensorRecord>& records, const std::string&) override {
    Note("put");
    w_ = FirstOf(records.front());
    means_[0] = FirstOf(records.at(request_.plan.parameters.size()));
  }

  std::vector<TensorRecord> GiveRecords(UpdateState& state) override {
    Note("give all");
    state = updates_;
    std::vector<TensorRecord> records{Filled("network.w", {}, w_),
                                      Filled("average.w", {}, average_),
                                      Filled("optimizer.momentum.w", {}, momentum_)};
    for (size_t i = 0; i < means_.size(); ++i) {
      records.push_back(Filled(OfReplica(i, "running_mean"), {}, means_[i]));
    }
    return records;
  }

  void TakeRecords(const std::vector<TensorRecord>& records, const UpdateState& state,
                   const std::string& path) override {
    Note("put all");
    RecordReader reader(records, path);
    const auto take = [&](const std::string& name) {
      return FirstOf(reader.Take(name, TensorType::kF32, {}));
    };
    w_ = take("network.w");
    average_ = take("average.w");
    momentum_ = take("optimizer.momentum.w");
    for (size_t i = 0; i < means_.size(); ++i) {
      RecordReader own(records, path);
      means_[i] = FirstOf(own.Take(KeptForReplica(own, i, "running_mean"), TensorType::kF32, {}));
    }
    updates_ = state;
  }

 private:
  void Note(const std::string& call) {
    if (script_.before) script_.before(call);
    script_.calls.push_back(call);
  }

  // Throws where a part of the batch does not fit.
  void Hold(const Batch& batch) const {
    if (LargestPart(batch.size, request_.division.parts()) <= script_.fits) return;
    if (script_.host_memory) throw std::bad_alloc();
    throw OutOfMemory("out of memory on cpu, 1 thread", script_.certain);
  }

  const NetworkRequest request_;
  FakeScript& script_;
  float w_;
  float average_;
  float momentum_ = 0;
  std::vector<float> means_;  // of each replica
  float sum_ = 0;
  UpdateState updates_;
  Tally tally_;
  int64_t room_ = 0;
  int64_t tested_images_ = 0;
  int tests_ = 0;
};

class FakeEngine : public Engine {
 public:
  explicit FakeEngine(FakeScript& script) : script_(script) {}
  EngineInfo info() const override { return script_.info; }
  Support Supports(const Model&, const Recipe&) const override { return script_.support; }
  DeviceInfo device() const override { return script_.device; }
  int replicas() const override { return script_.replicas; }
  int threads() const override { return 1; }
  Precision ResolvePrecision(Precision precision) const override {
    if (precision == Precision::kFp16) throw Error(script_.info.name + " does not train in fp16");
    return precision == Precision::kAuto ? script_.automatic : precision;
  }
  std::unique_ptr<EngineNetwork> Make(const NetworkRequest& request) override {
    script_.calls.push_back("make " + std::to_string(request.division.replicas) + "x" +
                            std::to_string(request.division.micro_batches) +
                            (request.tests_only ? " for tests" : ""));
    return std::make_unique<FakeNetwork>(request, script_);
  }
  void FreeMemory() override { script_.calls.push_back("free"); }

 private:
  FakeScript& script_;
};

}  // namespace

std::string FakeScript::Calls() const {
  std::string text;
  for (const std::string& call : calls) text += (text.empty() ? "" : " | ") + call;
  return text;
}

std::unique_ptr<Engine> MakeFakeEngine(FakeScript& script) {
  return std::make_unique<FakeEngine>(script);
}

}  // namespace dse
