// How passes over rows walk: by periods, a whole number of pixels and, where it can be, of vectors.
#if defined(DSE_KERNELS_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DSE_KERNELS_ROWS_INL_H_
#undef DSE_KERNELS_ROWS_INL_H_
#else
#define DSE_KERNELS_ROWS_INL_H_
#endif

#include <algorithm>
#include <cstddef>
#include <numeric>

#include "runner/native/kernels/rows.h"
#include "runner/native/kernels/vec-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dse {
namespace HWY_NAMESPACE {

// Few channels, or such as do not fill vectors, are taken several pixels at a time; the vectors of
// a float a channel are then repeated.
class Period {
 public:
  explicit Period(int channels) : channels_(channels), length_(channels) {
    int repeats = kLanes / std::gcd(channels, kLanes);
    while (repeats * channels < kWanted) repeats *= 2;
    if (repeats * channels <= kMost) length_ = repeats * channels;
  }
  int channels() const { return channels_; }
  int length() const { return length_; }

  static constexpr int kMost = 1024;

 private:
  static constexpr int kWanted = 64;
  int channels_, length_;
};

// A vector of a float a channel as long as the period.
class PeriodVector {
 public:
  PeriodVector(const Period& period, const float* values) : p_(values) {
    if (!values || period.length() == period.channels()) return;
    for (int i = 0; i < period.length(); i += period.channels()) {
      std::copy_n(values, period.channels(), repeated_ + i);
    }
    p_ = repeated_;
  }
  PeriodVector(const PeriodVector&) = delete;
  PeriodVector& operator=(const PeriodVector&) = delete;
  HWY_INLINE V At(int i) const { return Load(p_ + i); }

 private:
  const float* p_;
  float repeated_[Period::kMost + kLanes];
};

// The first `count` lanes.
inline void StoreSome(V v, int count, float* p) {
  float lanes[kLanes];
  Store(v, lanes);
  std::copy_n(lanes, count, p);
}

// out[i] = op(i, i's place in its period), a vector at a time.
template <class Op>
HWY_INLINE void MapRows(const Op& op, const RowsShape& shape, const Period& period, float* out) {
  const size_t total = shape.pixels * shape.channels;
  for (size_t from = 0; from < total; from += period.length()) {
    const int count = int(std::min<size_t>(period.length(), total - from));
    int i = 0;
    for (; i + kLanes <= count; i += kLanes) Store(op.Compute(from + i, i), out + from + i);
    if (i < count) StoreSome(op.Compute(from + i, i), count - i, out + from + i);
  }
}

// first[c] and second[c] grow by the sums that op.Accumulate makes of all vectors of the channel:
// kVectors vectors from `at` of the period on.
template <int kVectors, class Op>
HWY_INLINE void ReduceVectors(const Op& op, size_t total, const Period& period, int at,
                              double* first, double* second) {
  V a[kVectors], b[kVectors];
  typename Op::Constants constants[kVectors];
  DSE_UNROLL for (int v = 0; v < kVectors; v++) {
    a[v] = b[v] = Zero();
    constants[v] = op.Load(at + v * kLanes);
  }
  const size_t length = period.length();
  size_t from = 0;
  if (at + kVectors * kLanes <= period.length()) {
    for (; from + length <= total; from += length) {
      DSE_UNROLL for (int v = 0; v < kVectors; v++) {
        op.Accumulate(from + at + v * kLanes, kLanes, constants[v], a[v], b[v]);
      }
    }
  }
  for (; from < total; from += length) {
    for (int v = 0; v < kVectors; v++) {
      const ptrdiff_t end = ptrdiff_t(std::min(length, total - from)) - at - v * kLanes;
      if (end <= 0) break;
      op.Accumulate(from + at + v * kLanes, int(std::min<ptrdiff_t>(end, kLanes)), constants[v],
                    a[v], b[v]);
    }
  }
  float lanes[2][kVectors * kLanes];
  DSE_UNROLL for (int v = 0; v < kVectors; v++) {
    Store(a[v], lanes[0] + v * kLanes);
    Store(b[v], lanes[1] + v * kLanes);
  }
  int channel = at % period.channels();
  for (int i = 0; i < kVectors * kLanes && at + i < period.length(); i++) {
    first[channel] += double(lanes[0][i]);
    second[channel] += double(lanes[1][i]);
    if (++channel == period.channels()) channel = 0;
  }
}

template <class Op>
HWY_INLINE void ReduceRows(const Op& op, const RowsShape& shape, const Period& period,
                           double* first, double* second) {
  const size_t total = shape.pixels * shape.channels;
  int at = 0;
  for (; at + 4 * kLanes <= period.length(); at += 4 * kLanes) {
    ReduceVectors<4>(op, total, period, at, first, second);
  }
  for (; at < period.length(); at += kLanes) {
    ReduceVectors<1>(op, total, period, at, first, second);
  }
}

// The lanes behind `count` zero.
HWY_INLINE V Keep(V v, int count) {
  return count == kLanes ? v : hn::IfThenElseZero(hn::FirstN(D(), count), v);
}

}  // namespace HWY_NAMESPACE
}  // namespace dse
HWY_AFTER_NAMESPACE();
#endif  // DSE_KERNELS_ROWS_INL_H_
