#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

#include "runner/torch/layers.h"
#include "runner/training/recipe.h"

namespace dse {

// What a precision word means on a device, see MeaningOf. Throws Error for one that the device does
// not train in.
Precision ResolvePrecision(Precision precision, at::Device device);

// While it lives, convolutions and products of this thread are computed in `precision` (torch's
// autocast), or as they are with fp32 and tf32.
class Autocast {
 public:
  Autocast(Precision precision, at::Device device);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  std::optional<at::DeviceType> device_;  // empty: nothing to undo
};

// Allows or forbids TF32 in the whole process.
void AllowTf32(bool allowed);

// The factor that losses are multiplied with before they are differentiated in fp16, as
// torch.amp.GradScaler keeps it: halved where a gradient is not finite, doubled after 2000 good
// steps in a row.
class LossScale {
 public:
  explicit LossScale(Precision precision) : scale_(precision == Precision::kFp16 ? 65536 : 1) {}
  double scale() const { return scale_; }
  // Divides all gradients by the scale; false if one is not finite, so that there is no step.
  bool Unscale(const std::vector<Parameter>& parameters);
  bool on() const { return scale_ != 1; }
  // For checkpoints.
  int good_steps() const { return good_steps_; }
  void Restore(double scale, int good_steps);

 private:
  double scale_;
  int good_steps_ = 0;
};

}  // namespace dse
