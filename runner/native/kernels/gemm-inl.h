// Products of a row of pixels with a list of taps: y[m][n] = sum over taps t and inputs i of
// x[m + offset of t][i] * w[t][i][n], and the gradient of w. Weights lie in panels of 1 to 3
// vectors of outputs: [panel][tap][input][vectors x lanes], the last one filled up with zeros.
#if defined(DSE_KERNELS_GEMM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DSE_KERNELS_GEMM_INL_H_
#undef DSE_KERNELS_GEMM_INL_H_
#else
#define DSE_KERNELS_GEMM_INL_H_
#endif

#include <algorithm>
#include <cstddef>

#include "runner/native/kernels/conv_kernel.h"
#include "runner/native/kernels/vec-inl.h"

#if DSE_HAS_VECTORS
HWY_BEFORE_NAMESPACE();
namespace dse {
namespace HWY_NAMESPACE {

struct Tap {
  ptrdiff_t offset;  // floats from a pixel's place to what the tap reads
  int number;        // in the weights
};

constexpr int kMaxTaps = 49;

struct TapList {
  Tap taps[kMaxTaps];
  int count = 0;
};

// Pixels of `rows` x `columns`; a row is `row` floats behind the one before, a pixel `column`.
struct Source {
  const float* p;
  ptrdiff_t row, column;
};
struct Sink {
  float* p;
  ptrdiff_t row, column;
};
struct Area {
  int rows, columns;
};

constexpr int CeilDiv(int a, int b) { return (a + b - 1) / b; }
constexpr int RoundUp(int a, int b) { return CeilDiv(a, b) * b; }

// Vectors in the next panel where so many are left.
constexpr int PanelVectors(int left) { return left == 4 ? 2 : left < 3 ? left : 3; }

// Floats of the weights of one product.
constexpr size_t GemmFloats(int taps, int inputs, int outputs) {
  return size_t(taps) * inputs * RoundUp(outputs, kLanes);
}

// y = x * w over the taps of the list; the weights have all_taps.
void Gemm(const Source& x, const TapList& list, int all_taps, int inputs, int outputs,
          const float* w, const Sink& y, const Area& area, Prefetcher& prefetcher);

// Adds the gradient of w. The list has all taps in their order.
void GemmGradient(const Source& x, const TapList& list, int inputs, int outputs, const Source& dy,
                  const Area& area, float* gradient, Prefetcher& prefetcher);

// Calls f(first output, how many, input, tap, index in the weights) for every vector of a part of
// them, in the order of their indices.
template <class F>
HWY_INLINE void ForEachGemmVector(int taps, int inputs, int outputs, const KernelPart& part, F f) {
  const int vectors = CeilDiv(outputs, kLanes);
  for (int first = 0; first < vectors;) {
    const int end = first + PanelVectors(vectors - first);
    const bool outside = first < part.first(vectors) || first >= part.end(vectors);
    size_t index = size_t(first) * kLanes * inputs * taps;
    for (int t = 0; t < taps && !outside; t++) {
      for (int i = 0; i < inputs; i++) {
        for (int v = first; v < end; v++, index += kLanes) {
          f(v * kLanes, std::min(kLanes, outputs - v * kLanes), i, t, index);
        }
      }
    }
    first = end;
  }
}

// A vector's weights from places `step` floats apart, zeros behind `count` of them.
HWY_INLINE void GatherWeights(const float* from, ptrdiff_t step, int count, float* to) {
  if (count == kLanes) {
    DSE_UNROLL for (int lane = 0; lane < kLanes; lane++) to[lane] = from[lane * step];
    return;
  }
  for (int lane = 0; lane < kLanes; lane++) to[lane] = lane < count ? from[lane * step] : 0;
}
// Adds a vector's gradients to places `step` floats apart.
HWY_INLINE void ScatterGradients(const float* from, int count, float* to, ptrdiff_t step) {
  if (count == kLanes) {
    DSE_UNROLL for (int lane = 0; lane < kLanes; lane++) to[lane * step] += from[lane];
    return;
  }
  for (int lane = 0; lane < count; lane++) to[lane * step] += from[lane];
}

}  // namespace HWY_NAMESPACE
}  // namespace dse
HWY_AFTER_NAMESPACE();
#endif  // DSE_HAS_VECTORS
#endif  // DSE_KERNELS_GEMM_INL_H_
