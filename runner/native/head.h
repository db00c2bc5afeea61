#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runner/native/loss.h"
#include "runner/native/pass.h"

// The head's phase.

namespace dse::native {

struct Answer {
  double loss = 0;
  bool wrong = false;
};

// Makes the last join's value and answers the loss. Where `tested` is not empty, over these outputs
// alone, and the label is a place among them.
Answer RunHead(StepState& state, const Pass& pass, const Target& target,
               const std::vector<int64_t>& tested, const Place& place);
// The same in training, for a few images that lie together, the first at `place` and as many as
// `targets`, at most HeadStep::images; over all outputs, and backward from `weight` times each
// loss: adds the gradients of the linear layer to the chunk's, and those of the last join's
// normalisations to their sums.
void DifferentiateHead(StepState& state, const Pass& pass, std::span<const Target> targets,
                       double weight, const Place& place, std::span<Answer> answers);

}  // namespace dse::native
