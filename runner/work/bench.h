#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/complexity.h"
#include "core/model.h"
#include "db/timings.h"
#include "runner/training/meter.h"
#include "runner/training/recipe.h"
#include "runner/training/trainer_options.h"

namespace dse {

// What `dse bench` was asked for.
struct BenchRequest {
  std::string db_path;  // that keeps the timings; "" = none does
  TrainerOptions trainer;
  Precision precision = Precision::kAuto;
  int infer_batch = 64;   // images
  int train_batch = 128;  // halved, down to 2, while memory does not suffice
  int samples = 10;       // timed steps
  bool again = false;     // measure what the file has too
};

// What one batch took on this device.
struct BatchTiming {
  TimingKey key;
  std::optional<Timing> timing;          // empty where memory did not suffice
  std::optional<double> roofline_share;  // least possible time in the time taken; GPUs only
};

struct TimedNetwork {
  Model model;
  Complexity complexity;
  std::optional<double> error;  // percent, of its runs in the file
  BatchTiming inference;
  BatchTiming training;
};

struct BenchSummary {
  std::string device;  // name
  Precision precision = Precision::kFp32;
  std::string engine;                // with its version
  std::optional<DevicePeaks> peaks;  // of a GPU on which something was timed
  std::vector<TimedNetwork> networks;
  bool interrupted = false;  // a network timed by half is left out
};

// Makes what measures a device in a precision.
using MeterFactory = std::function<std::unique_ptr<Meter>(const TrainerOptions&, Precision)>;

// Times one network after another and stores each timing at once; what the file has already is not
// measured. SIGINT and SIGTERM end it after the batch in hand. Throws Error: no engine, no such
// precision on the device, a file that cannot be written.
BenchSummary Bench(const BenchRequest& request, std::vector<Model> models,
                   const MeterFactory& factory,
                   const std::function<void(int64_t done, int64_t all)>& on_progress);

}  // namespace dse
