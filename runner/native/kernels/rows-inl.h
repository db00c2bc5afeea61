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
    while (repeats * channels * 2 <= kWanted) repeats *= 2;
    if (repeats * channels <= kMost) length_ = repeats * channels;
  }
  int channels() const { return channels_; }
  int length() const { return length_; }

  static constexpr int kMost = 1024;

 private:
  static constexpr int kWanted = 4 * kLanes;  // floats
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

// What is read so far ahead is fetched, which pays where rows lie in memory.
constexpr size_t kFloatsAhead = 512;

// Periods of kVectors vectors, whose constants stay in registers; answers where they end.
template <int kVectors, class Op>
HWY_INLINE size_t MapInRegisters(const Op& op, size_t total, float* out) {
  constexpr size_t kLength = kVectors * kLanes;
  typename Op::Constants constants[kVectors];
  DSE_UNROLL for (int v = 0; v < kVectors; v++) constants[v] = op.Load(v * kLanes);
  size_t from = 0;
  for (; from + kLength <= total; from += kLength) {
    DSE_UNROLL for (int v = 0; v < kVectors; v++) {
      const size_t i = from + v * kLanes;
      op.Prefetch(i + kFloatsAhead);
      Store(op.Compute(i, constants[v]), out + i);
    }
  }
  return from;
}

// out[i] = op.Compute(i, constants of i's place in its period), a vector at a time.
template <class Op>
HWY_INLINE void MapRows(const Op& op, const RowsShape& shape, const Period& period, float* out) {
  const size_t total = shape.pixels * shape.channels;
  size_t from = 0;
  if (period.length() == 4 * kLanes) from = MapInRegisters<4>(op, total, out);
  if (period.length() == 3 * kLanes) from = MapInRegisters<3>(op, total, out);
  for (; from < total; from += period.length()) {
    const int count = int(std::min<size_t>(period.length(), total - from));
    int i = 0;
    for (; i + kLanes <= count; i += kLanes) {
      op.Prefetch(from + i + kFloatsAhead);
      Store(op.Compute(from + i, op.Load(i)), out + from + i);
    }
    if (i < count) StoreSome(op.Compute(from + i, op.Load(i)), count - i, out + from + i);
  }
}

// A part of the period, and what has been summed up of it.
struct Part {
  size_t start, stop;
  float *first, *second;
};

// Adds a vector of `count` lanes of kRows periods from `from` on.
template <int kRows, class Op>
HWY_INLINE void ReduceVector(const Op& op, size_t from, size_t length, size_t at, int count,
                             const Part& part) {
  const auto constants = op.Load(int(at));
  V a = Load(part.first + at - part.start), b = Load(part.second + at - part.start);
  DSE_UNROLL for (int r = 0; r < kRows; r++) {
    op.Accumulate(from + r * length + at, count, constants, a, b);
    // Where rows lie in memory this halves the time.
    op.Prefetch(from + (r + kRows) * length + at);
  }
  Store(a, part.first + at - part.start);
  Store(b, part.second + at - part.start);
}

// kRows periods from `from` on, which end at `end` if not before.
template <int kRows, class Op>
HWY_INLINE void ReducePeriods(const Op& op, size_t from, size_t end, size_t length,
                              const Part& part) {
  const size_t stop = std::min(part.stop, end - from);
  size_t at = part.start;
  for (; at + kLanes <= stop; at += kLanes) {
    ReduceVector<kRows>(op, from, length, at, kLanes, part);
  }
  if (at < stop) ReduceVector<kRows>(op, from, length, at, int(stop - at), part);
}

// Periods of kVectors vectors, whose sums stay in registers; answers where they end.
template <int kVectors, class Op>
HWY_INLINE size_t ReduceInRegisters(const Op& op, size_t total, const Part& part) {
  constexpr size_t kLength = kVectors * kLanes;
  V a[kVectors], b[kVectors];
  typename Op::Constants constants[kVectors];
  DSE_UNROLL for (int v = 0; v < kVectors; v++) {
    a[v] = b[v] = Zero();
    constants[v] = op.Load(v * kLanes);
  }
  size_t from = 0;
  for (; from + kLength <= total; from += kLength) {
    DSE_UNROLL for (int v = 0; v < kVectors; v++) {
      op.Accumulate(from + v * kLanes, kLanes, constants[v], a[v], b[v]);
    }
  }
  DSE_UNROLL for (int v = 0; v < kVectors; v++) {
    Store(a[v], part.first + v * kLanes);
    Store(b[v], part.second + v * kLanes);
  }
  return from;
}

// first[c] and second[c] grow by the sums that op.Accumulate makes of all floats of the channel.
// Rows are gone through once and in their order: other orders are slow where they lie in memory.
template <class Op>
HWY_INLINE void ReduceRows(const Op& op, const RowsShape& shape, const Period& period,
                           double* first, double* second) {
  const size_t total = shape.pixels * shape.channels, length = period.length();
  float sums[2][Period::kMost + kLanes];
  for (size_t start = 0; start < length; start += Period::kMost) {
    const Part part{start, std::min<size_t>(length, start + Period::kMost), sums[0], sums[1]};
    std::fill_n(sums[0], part.stop - start, 0.0f);
    std::fill_n(sums[1], part.stop - start, 0.0f);
    size_t from = 0;
    if (length == 4 * kLanes) from = ReduceInRegisters<4>(op, total, part);
    if (length == 3 * kLanes) from = ReduceInRegisters<3>(op, total, part);
    for (; from + 4 * length <= total; from += 4 * length) {
      ReducePeriods<4>(op, from, total, length, part);
    }
    for (; from + part.start < total; from += length) {
      ReducePeriods<1>(op, from, total, length, part);
    }
    size_t channel = start % period.channels();
    for (size_t i = 0; i < part.stop - start; i++) {
      first[channel] += double(sums[0][i]);
      second[channel] += double(sums[1][i]);
      if (++channel == size_t(period.channels())) channel = 0;
    }
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
