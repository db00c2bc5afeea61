#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "runner/training/meter.h"

namespace dse {

// Milliseconds of each timed step of the request, after three that are not counted. Throws Error
// for a precision the device has not.
std::vector<double> TimeSteps(const TimingRequest& request, at::Device device);

// The median of several large matrix products and copies.
DevicePeaks TimePeaks(Precision precision, at::Device device);

}  // namespace dse
