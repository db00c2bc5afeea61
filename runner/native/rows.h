#pragma once

#include <cstddef>

#include "runner/native/step_plan.h"

// Loops over an image's values, [pixels][channels].

namespace dse::native {

// What has one value a channel.
struct Rows {
  size_t pixels = 0;
  size_t channels = 0;
  size_t floats() const { return pixels * channels; }
};

// z = scale * y + offset.
void ScaleRows(Rows rows, const float* y, const float* scale, const float* offset, float* z);
// z = a * factor * g + b * y + d.
void CombineRows(Rows rows, const float* g, float factor, const float* y, const float* a,
                 const float* b, const float* d, float* z);
// z *= gate.
void GateRows(Rows rows, const float* gate, float* z);

// Sums of y - shift and of its square are added to sums[c] and sums[channels + c]; floats are
// summed over a few pixels, doubles over these. `partial` has 2 * channels floats.
void AddSquareSums(Rows rows, const float* y, const float* shift, float* partial, double* sums);
// The same of factor * g, and of factor * g * (y - shift).
void AddProductSums(Rows rows, const float* g, float factor, const float* y, const float* shift,
                    float* partial, double* sums);
// sums[c] = the sum over pixels of g times y, or of y alone where g is null.
void SumRows(Rows rows, const float* g, const float* y, float* partial, double* sums);

// Activations of single values. Everything that needs an activated value twice takes it from the
// same z by the same function, so that forward and backward agree on where ReLU cuts.
void Activate(After after, size_t count, const float* z, float* value);
// gradient *= derivative at z.
void MultiplyDerivative(After after, size_t count, const float* z, float* gradient);
float Sigmoid(float x);

void AddTo(size_t count, const float* from, float* to);
void AddScaled(size_t count, float factor, const float* from, float* to);

}  // namespace dse::native
