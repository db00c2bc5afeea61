#pragma once

#include "runner/native/pass.h"

// What layers read, an image's values at a time: made from the convolutions' outputs in the forward
// phase, and again, by the same functions, in the backward one.

namespace dse::native {

// Computes a join's value into its buffer, or the worker's input where it has none, and returns it.
// Uses the worker's side.
float* MakeJoinValue(StepState& state, const JoinStep& join, const Pass& pass, const Place& place);

// What a layer reads of a unit, with the rows beside the band's, into the worker's input. With a
// squeeze `open` is left as what is before the gate; `first_time` computes the gate, and later
// calls repeat it.
ConvInput ReadUnit(StepState& state, const LayerStep& layer, const Place& place, bool first_time);

// Takes the gradient by a layer's input (the worker's dx) on to the unit that made it: stores it in
// that unit's buffer and adds to its normalisation's sums. The worker's `open` is as ReadUnit left
// it.
void DifferentiateUnitSource(StepState& state, const LayerStep& layer, const Place& place);
// The same for a join, from the gradient by its value: dx, and `more` where that is not null.
void DifferentiateJoin(StepState& state, const JoinStep& join, const Pass& pass, const Place& place,
                       const float* more);

}  // namespace dse::native
