#pragma once

#include "runner/native/pass.h"

namespace dse::native {

// Multiplies an image's values x, [pixels][channels], with the gate that they open, and keeps what
// DifferentiateSqueeze needs.
void RunSqueeze(StepState& state, const SqueezeStep& squeeze, size_t pixels, const Place& place,
                float* x);
// The same with the gate that was kept.
void RepeatSqueeze(StepState& state, const SqueezeStep& squeeze, size_t pixels, const Place& place,
                   float* x);
// Turns the gradient by the product into that by x, which is as before the product. Uses the
// worker's dy and input.
void DifferentiateSqueeze(StepState& state, const SqueezeStep& squeeze, size_t pixels,
                          const Place& place, const float* x, float* chunk_gradients, float* dx);

}  // namespace dse::native
