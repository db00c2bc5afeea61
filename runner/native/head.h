#pragma once

#include <cstdint>
#include <vector>

#include "runner/native/loss.h"
#include "runner/native/pass.h"

// The head's phase, an image at a time.

namespace dse::native {

struct Answer {
  double loss = 0;
  bool wrong = false;
};

// Makes the last join's value and answers the loss. Where `tested` is not empty, over these outputs
// alone, and the label is a place among them.
Answer RunHead(StepState& state, const Pass& pass, const Target& target,
               const std::vector<int64_t>& tested, const Place& place);
// The same in training, over all outputs, and backward from `weight` times the loss: adds the
// gradients of the linear layer to the chunk's, and those of the last join's normalisations to
// their sums.
Answer DifferentiateHead(StepState& state, const Pass& pass, const Target& target, double weight,
                         const Place& place);

}  // namespace dse::native
