#pragma once

#include <cstddef>

namespace dse {

// Passes over images seen as rows: pixels x channels floats without gaps, and vectors of one float
// a channel. 64 bytes behind every buffer and vector may be read. Results do not depend on what
// lies there, and are the same bytes on one instruction set.
struct RowsShape {
  size_t pixels = 0;
  int channels = 0;
};

enum class RowActivation { kIdentity, kRelu, kSwish };

// sum[c] += sum of (x - shift[c]), squares[c] += sum of (x - shift[c])^2: partial sums in float,
// which is precise where the shift is near the mean, folded into doubles at the end.
void AddSums(const float* x, const RowsShape& shape, const float* shift, double* sum,
             double* squares);

// What is activated: z = scale * x + bias, with a shortcut added to it: as it is where it has no
// scale, else shortcut_scale * shortcut + shortcut_bias.
struct AffineRows {
  const float* x = nullptr;
  const float* scale = nullptr;
  const float* bias = nullptr;
  const float* shortcut = nullptr;  // may be null
  const float* shortcut_scale = nullptr;
  const float* shortcut_bias = nullptr;
  RowActivation activation = RowActivation::kIdentity;
  const float* relu = nullptr;  // ReLU's values, where they are known: its derivative is read there
};

// y = activation(z). y may be x or the shortcut.
void Activate(const AffineRows& in, const RowsShape& shape, float* y);

// The gradient by y: dy, plus what comes from a second place.
struct RowsGradient {
  const float* dy = nullptr;
  const float* more = nullptr;  // may be null
};

// Where a gradient is written.
struct RowsSink {
  float* g = nullptr;    // null: nowhere; may be dy
  bool streams = false;  // past the caches, where it is not read soon
};

// g = gradient by y * derivative of the activation at z; ReLU's at 0 is 0. sum[c] += sum of g,
// products[c] += sum of g * (x - shift[c]).
void ActivateBackward(const AffineRows& in, const RowsShape& shape, const RowsGradient& gradient,
                      const float* shift, const RowsSink& sink, double* sum, double* products);

// dx = a * dy + b * x + d, with vectors a, b, d. dx may be dy or x.
void Combine(const float* dy, const float* x, const RowsShape& shape, const float* a,
             const float* b, const float* d, float* dx);

// to += from. Nothing behind `to` is read, for it may be another thread's.
void AddTo(const float* from, size_t count, float* to);

// y = e^x within 2 ulp, x taken into [-87, 88].
void Exp(const float* x, size_t count, float* y);
// y = 1 / (1 + e^-x) within 3 ulp for x >= -80.
void Sigmoid(const float* x, size_t count, float* y);

}  // namespace dse
