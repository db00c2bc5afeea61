#include "runner/native/rows.h"

#include <algorithm>
#include <cmath>

namespace dse::native {
namespace {

// Pixels whose values are summed in float.
constexpr size_t kSumPixels = 64;

// Calls add(first value of a pixel, partial sums) for each pixel, and adds what the `parts` partial
// sums of each channel come to, every few pixels, to the doubles.
template <typename Add>
void SumInBlocks(Rows rows, size_t parts, float* partial, double* sums, const Add& add) {
  const size_t count = parts * rows.channels;
  for (size_t first = 0; first < rows.pixels; first += kSumPixels) {
    const size_t end = std::min(rows.pixels, first + kSumPixels);
    std::fill_n(partial, count, 0.0f);
    for (size_t pixel = first; pixel < end; ++pixel) add(pixel * rows.channels, partial);
    for (size_t i = 0; i < count; ++i) sums[i] += partial[i];
  }
}

}  // namespace

void ScaleRows(Rows rows, const float* y, const float* scale, const float* offset, float* z) {
  for (size_t pixel = 0; pixel < rows.pixels; ++pixel) {
    for (size_t c = 0; c < rows.channels; ++c) z[c] = scale[c] * y[c] + offset[c];
    y += rows.channels;
    z += rows.channels;
  }
}

void CombineRows(Rows rows, const float* g, float factor, const float* y, const float* a,
                 const float* b, const float* d, float* z) {
  for (size_t pixel = 0; pixel < rows.pixels; ++pixel) {
    for (size_t c = 0; c < rows.channels; ++c) z[c] = a[c] * (factor * g[c]) + b[c] * y[c] + d[c];
    g += rows.channels;
    y += rows.channels;
    z += rows.channels;
  }
}

void GateRows(Rows rows, const float* gate, float* z) {
  for (size_t pixel = 0; pixel < rows.pixels; ++pixel, z += rows.channels) {
    for (size_t c = 0; c < rows.channels; ++c) z[c] *= gate[c];
  }
}

void AddSquareSums(Rows rows, const float* y, const float* shift, float* partial, double* sums) {
  SumInBlocks(rows, 2, partial, sums, [&](size_t at, float* sum) {
    float* const squares = sum + rows.channels;
    for (size_t c = 0; c < rows.channels; ++c) {
      const float shifted = y[at + c] - shift[c];
      sum[c] += shifted;
      squares[c] += shifted * shifted;
    }
  });
}

void AddProductSums(Rows rows, const float* g, float factor, const float* y, const float* shift,
                    float* partial, double* sums) {
  SumInBlocks(rows, 2, partial, sums, [&](size_t at, float* sum) {
    float* const products = sum + rows.channels;
    for (size_t c = 0; c < rows.channels; ++c) {
      const float scaled = factor * g[at + c];
      sum[c] += scaled;
      products[c] += scaled * (y[at + c] - shift[c]);
    }
  });
}

void SumRows(Rows rows, const float* g, const float* y, float* partial, double* sums) {
  std::fill_n(sums, rows.channels, 0.0);
  SumInBlocks(rows, 1, partial, sums, [&](size_t at, float* sum) {
    for (size_t c = 0; c < rows.channels; ++c)
      sum[c] += g == nullptr ? y[at + c] : g[at + c] * y[at + c];
  });
}

float Sigmoid(float x) { return 1 / (1 + std::exp(-x)); }

void Activate(After after, size_t count, const float* z, float* value) {
  switch (after) {
    case After::kNothing:
      if (value != z) std::copy_n(z, count, value);
      return;
    case After::kRelu:  // what is no number stays
      for (size_t i = 0; i < count; ++i) value[i] = z[i] < 0 ? 0 : z[i];
      return;
    case After::kSwish:
      for (size_t i = 0; i < count; ++i) value[i] = z[i] * Sigmoid(z[i]);
      return;
  }
}

void MultiplyDerivative(After after, size_t count, const float* z, float* gradient) {
  switch (after) {
    case After::kNothing:
      return;
    case After::kRelu:
      for (size_t i = 0; i < count; ++i) gradient[i] = z[i] <= 0 ? 0 : gradient[i];
      return;
    case After::kSwish:
      for (size_t i = 0; i < count; ++i) {
        const float s = Sigmoid(z[i]);
        gradient[i] *= s * (1 + z[i] * (1 - s));
      }
      return;
  }
}

void AddTo(size_t count, const float* from, float* to) {
  for (size_t i = 0; i < count; ++i) to[i] += from[i];
}

void AddScaled(size_t count, float factor, const float* from, float* to) {
  for (size_t i = 0; i < count; ++i) to[i] += factor * from[i];
}

}  // namespace dse::native
