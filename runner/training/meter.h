#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/model.h"
#include "runner/training/device_info.h"
#include "runner/training/engine_info.h"
#include "runner/training/recipe.h"

namespace dse {

// Steps to be timed on one fixed random batch. Batch size, precision and optimizer of a training
// step are the recipe's.
struct TimingRequest {
  const Model& model;
  const Recipe& recipe;
  bool training = false;  // forward, backward and update; else forward alone
  int batch_size = 64;
  int samples = 10;  // timed steps, after three to warm up
};

// What a device does at best, measured on it.
struct DevicePeaks {
  double flops_per_s = 0;  // of a large matrix product; a multiply-add is two
  double bytes_per_s = 0;  // read and written by a large copy
};

// Measures an engine on its device; one per thread.
class Meter {
 public:
  virtual ~Meter() = default;
  virtual EngineInfo engine() const = 0;
  virtual DeviceInfo device() const = 0;
  // What a precision word means on the device; never kAuto. Throws Error for none.
  virtual Precision ResolvePrecision(Precision precision) const = 0;

  // Milliseconds of each timed step. Throws std::bad_alloc where memory ends.
  virtual std::vector<double> MeasureSteps(const TimingRequest& request) = 0;
  virtual DevicePeaks MeasurePeaks(Precision precision) = 0;
  // Learnable parameters of the network as really built.
  virtual int64_t CountParameters(const Model& model) = 0;
};

}  // namespace dse
