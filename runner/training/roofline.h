#pragma once

#include "core/complexity.h"
#include "runner/training/meter.h"

namespace dse {

// The least time, in ms, that a batch can take on a device: of its arithmetic or of its memory
// traffic, whichever is longer, and of the update. Multiply-adds count two operations, three times
// for a training step (forward, and backward to weights and inputs). Every activation is taken to
// pass through memory as often as with normalisation and ReLU fused into the convolutions: 2.3
// times forward and 4.5 times backward, the mean over the RegNets. The update moves 24 bytes a
// parameter.
double RooflineMilliseconds(const Complexity& complexity, int batch_size, Precision precision,
                            bool training, const DevicePeaks& peaks);

}  // namespace dse
