#pragma once

#include "runner/native/pass.h"

namespace dse::native {

// Computes the gate from an image's values, the worker's `open`, and keeps what
// DifferentiateSqueeze needs.
void OpenGate(StepState& state, const SqueezeStep& squeeze, const RowsShape& shape,
              const Place& place);
// y = the worker's `open` times the gate.
void ApplyGate(StepState& state, const SqueezeStep& squeeze, const RowsShape& shape,
               const Place& place, float* y);
// Turns the gradient by the product, the worker's dx, into that by the worker's `open`. Uses its dy
// and input.
void DifferentiateSqueeze(StepState& state, const SqueezeStep& squeeze, const RowsShape& shape,
                          const Place& place, float* chunk_gradients);

}  // namespace dse::native
