#include "runner/native/kernels/rows.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runner/native/kernels/rows.cc"
#include <hwy/foreach_target.h>
// Behind foreach_target.h:
#include <hwy/cache_control.h>

#include "runner/native/kernels/math-inl.h"
#include "runner/native/kernels/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dse {
namespace HWY_NAMESPACE {

struct SumsOp {
  struct Constants {
    V shift;
  };
  Constants Load(int i) const { return {shift.At(i)}; }
  HWY_INLINE void Accumulate(size_t i, int count, const Constants& c, V& sum, V& squares) const {
    const V d = Keep(hn::Sub(HWY_NAMESPACE::Load(x + i), c.shift), count);
    sum = Add(sum, d);
    squares = MulAdd(d, d, squares);
  }
  HWY_INLINE void Prefetch(size_t i) const { hwy::Prefetch(x + i); }
  const float* x;
  const PeriodVector& shift;
};

void SumsOfRows(const float* x, const RowsShape& shape, const float* shift, double* sum,
                double* squares) {
  const Period period(shape.channels);
  const PeriodVector shifts(period, shift);
  ReduceRows(SumsOp{x, shifts}, shape, period, sum, squares);
}

// kKnown: z where it is positive is known, and neither x nor a shortcut is needed for it.
enum class Shortcut { kNone, kPlain, kAffine, kKnown };

// z of an AffineRows.
template <Shortcut kShortcut>
struct Affine {
  struct Constants {
    V scale, bias, shortcut_scale, shortcut_bias;
  };
  Affine(const AffineRows& rows, const Period& period)
      : in(rows),
        scale(period, rows.scale),
        bias(period, rows.bias),
        shortcut_scale(period, rows.shortcut_scale),
        shortcut_bias(period, rows.shortcut_bias) {}
  HWY_INLINE Constants Load(int i) const {
    if constexpr (kShortcut == Shortcut::kAffine) {
      return {scale.At(i), bias.At(i), shortcut_scale.At(i), shortcut_bias.At(i)};
    }
    return {scale.At(i), bias.At(i), Zero(), Zero()};
  }
  HWY_INLINE void Prefetch(size_t i) const {
    hwy::Prefetch(in.x + i);
    if constexpr (kShortcut == Shortcut::kKnown) {
      hwy::Prefetch(in.relu + i);
    } else if constexpr (kShortcut != Shortcut::kNone) {
      hwy::Prefetch(in.shortcut + i);
    }
  }
  HWY_INLINE V At(size_t i, V x, const Constants& c) const {
    if constexpr (kShortcut == Shortcut::kKnown) return HWY_NAMESPACE::Load(in.relu + i);
    const V z = MulAdd(x, c.scale, c.bias);
    if constexpr (kShortcut == Shortcut::kNone) return z;
    const V s = HWY_NAMESPACE::Load(in.shortcut + i);
    if constexpr (kShortcut == Shortcut::kPlain) return Add(z, s);
    return Add(z, MulAdd(s, c.shortcut_scale, c.shortcut_bias));
  }
  const AffineRows& in;
  PeriodVector scale, bias, shortcut_scale, shortcut_bias;
};

template <RowActivation kActivation, Shortcut kShortcut>
struct ActivateOp {
  using Constants = typename Affine<kShortcut>::Constants;
  HWY_INLINE Constants Load(int i) const { return affine.Load(i); }
  HWY_INLINE V Compute(size_t i, const Constants& c) const {
    const V z = affine.At(i, HWY_NAMESPACE::Load(affine.in.x + i), c);
    // Not-a-numbers are kept, which Max would not do everywhere.
    if constexpr (kActivation == RowActivation::kRelu) {
      return hn::IfThenZeroElse(hn::Lt(z, Zero()), z);
    }
    if constexpr (kActivation == RowActivation::kSwish) return hn::Mul(z, SigmoidOf(z));
    return z;
  }
  HWY_INLINE void Prefetch(size_t i) const { affine.Prefetch(i); }
  const Affine<kShortcut>& affine;
};

template <RowActivation kActivation, Shortcut kShortcut, bool kStreams>
struct BackwardOp {
  struct Constants {
    typename Affine<kShortcut>::Constants affine;
    V shift;
  };
  Constants Load(int i) const { return {affine.Load(i), shift.At(i)}; }
  HWY_INLINE void Accumulate(size_t i, int count, const Constants& c, V& sum, V& products) const {
    const V x = HWY_NAMESPACE::Load(affine.in.x + i);
    V gradient = HWY_NAMESPACE::Load(by_y.dy + i);
    if (by_y.more) gradient = Add(gradient, HWY_NAMESPACE::Load(by_y.more + i));
    if constexpr (kActivation != RowActivation::kIdentity) {
      gradient = Derive(gradient, affine.At(i, x, c.affine));
    }
    gradient = Keep(gradient, count);
    if constexpr (kStreams) {
      hn::Stream(gradient, D(), g + i);
    } else {
      if (g && count == kLanes) Store(gradient, g + i);
      if (g && count < kLanes) StoreSome(gradient, count, g + i);
    }
    sum = Add(sum, gradient);
    products = MulAdd(gradient, Keep(hn::Sub(x, c.shift), count), products);
  }
  HWY_INLINE void Prefetch(size_t i) const {
    affine.Prefetch(i);
    hwy::Prefetch(by_y.dy + i);
    if (by_y.more) hwy::Prefetch(by_y.more + i);
  }
  static HWY_INLINE V Derive(V gradient, V z) {
    if constexpr (kActivation == RowActivation::kRelu) {
      return hn::IfThenZeroElse(hn::Le(z, Zero()), gradient);
    }
    const V s = SigmoidOf(z);
    return hn::Mul(gradient, MulAdd(hn::Mul(s, hn::Sub(Set(1.0f), s)), z, s));
  }
  const Affine<kShortcut>& affine;
  const PeriodVector& shift;
  const RowsGradient by_y;
  float* g;
};

// What a pass over activated rows does, compiled for every activation and shortcut.
struct ForwardPass {
  template <RowActivation kActivation, Shortcut kShortcut>
  HWY_NOINLINE void Run(const AffineRows& in, const RowsShape& shape) const {
    const Period period(shape.channels);
    const Affine<kShortcut> affine(in, period);
    MapRows(ActivateOp<kActivation, kShortcut>{affine}, shape, period, y);
  }
  float* y;
};

struct BackwardPass {
  template <RowActivation kActivation, Shortcut kShortcut>
  HWY_NOINLINE void Run(const AffineRows& in, const RowsShape& shape) const {
    const Period period(shape.channels);
    const Affine<kShortcut> affine(in, period);
    const PeriodVector shifts(period, shift);
    if (sink.streams && InWholeVectors(shape, period)) {
      const BackwardOp<kActivation, kShortcut, true> op{affine, shifts, by_y, sink.g};
      ReduceRows(op, shape, period, sum, products);
      hwy::FlushStream();
    } else {
      const BackwardOp<kActivation, kShortcut, false> op{affine, shifts, by_y, sink.g};
      ReduceRows(op, shape, period, sum, products);
    }
  }
  // A streamed vector is aligned and whole.
  bool InWholeVectors(const RowsShape& shape, const Period& period) const {
    return sink.g && period.length() % kLanes == 0 && shape.pixels * shape.channels % kLanes == 0;
  }
  const RowsGradient by_y;
  const float* shift;
  const RowsSink sink;
  double *sum, *products;
};

template <RowActivation kActivation, class Pass>
void RunWithShortcut(const Pass& pass, const AffineRows& in, const RowsShape& shape) {
  if constexpr (kActivation == RowActivation::kRelu) {
    if (in.relu) return pass.template Run<kActivation, Shortcut::kKnown>(in, shape);
  }
  if (!in.shortcut) return pass.template Run<kActivation, Shortcut::kNone>(in, shape);
  if (!in.shortcut_scale) return pass.template Run<kActivation, Shortcut::kPlain>(in, shape);
  pass.template Run<kActivation, Shortcut::kAffine>(in, shape);
}

template <class Pass>
void RunPass(const Pass& pass, const AffineRows& in, const RowsShape& shape) {
  switch (in.activation) {
    case RowActivation::kIdentity:
      return RunWithShortcut<RowActivation::kIdentity>(pass, in, shape);
    case RowActivation::kRelu:
      return RunWithShortcut<RowActivation::kRelu>(pass, in, shape);
    case RowActivation::kSwish:
      return RunWithShortcut<RowActivation::kSwish>(pass, in, shape);
  }
}

void ActivateRows(const AffineRows& in, const RowsShape& shape, float* y) {
  RunPass(ForwardPass{y}, in, shape);
}

void ActivateRowsBackward(const AffineRows& in, const RowsShape& shape,
                          const RowsGradient& gradient, const float* shift, const RowsSink& sink,
                          double* sum, double* products) {
  RunPass(BackwardPass{gradient, shift, sink, sum, products}, in, shape);
}

struct CombineOp {
  struct Constants {
    V a, b, d;
  };
  HWY_INLINE Constants Load(int i) const { return {a.At(i), b.At(i), d.At(i)}; }
  HWY_INLINE V Compute(size_t i, const Constants& c) const {
    const V constant = MulAdd(HWY_NAMESPACE::Load(x + i), c.b, c.d);
    return MulAdd(HWY_NAMESPACE::Load(dy + i), c.a, constant);
  }
  HWY_INLINE void Prefetch(size_t i) const {
    hwy::Prefetch(x + i);
    hwy::Prefetch(dy + i);
  }
  const float *dy, *x;
  const PeriodVector &a, &b, &d;
};

void CombineRows(const float* dy, const float* x, const RowsShape& shape, const float* a,
                 const float* b, const float* d, float* dx) {
  const Period period(shape.channels);
  const PeriodVector as(period, a), bs(period, b), ds(period, d);
  MapRows(CombineOp{dy, x, as, bs, ds}, shape, period, dx);
}

struct AddOp {
  struct Constants {};
  HWY_INLINE Constants Load(int) const { return {}; }
  HWY_INLINE void Prefetch(size_t) const {}
  HWY_INLINE V Compute(size_t i, const Constants&) const {
    return Add(HWY_NAMESPACE::Load(from + i), HWY_NAMESPACE::Load(to + i));
  }
  const float *from, *to;
};
struct ExpOp {
  struct Constants {};
  HWY_INLINE Constants Load(int) const { return {}; }
  HWY_INLINE void Prefetch(size_t) const {}
  HWY_INLINE V Compute(size_t i, const Constants&) const {
    return ExpOf(HWY_NAMESPACE::Load(x + i));
  }
  const float* x;
};
struct SigmoidOp {
  struct Constants {};
  HWY_INLINE Constants Load(int) const { return {}; }
  HWY_INLINE void Prefetch(size_t) const {}
  HWY_INLINE V Compute(size_t i, const Constants&) const {
    return SigmoidOf(HWY_NAMESPACE::Load(x + i));
  }
  const float* x;
};

void AddToAll(const float* from, size_t count, float* to) {
  const size_t whole = count / kLanes * kLanes;
  MapRows(AddOp{from, to}, {whole, 1}, Period(1), to);
  for (size_t i = whole; i < count; ++i) to[i] += from[i];
}
void ExpOfAll(const float* x, size_t count, float* y) {
  MapRows(ExpOp{x}, {count, 1}, Period(1), y);
}
void SigmoidOfAll(const float* x, size_t count, float* y) {
  MapRows(SigmoidOp{x}, {count, 1}, Period(1), y);
}

}  // namespace HWY_NAMESPACE
}  // namespace dse
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dse {

HWY_EXPORT(SumsOfRows);
HWY_EXPORT(ActivateRows);
HWY_EXPORT(ActivateRowsBackward);
HWY_EXPORT(CombineRows);
HWY_EXPORT(AddToAll);
HWY_EXPORT(ExpOfAll);
HWY_EXPORT(SigmoidOfAll);

void AddSums(const float* x, const RowsShape& shape, const float* shift, double* sum,
             double* squares) {
  HWY_DYNAMIC_DISPATCH(SumsOfRows)(x, shape, shift, sum, squares);
}

void Activate(const AffineRows& in, const RowsShape& shape, float* y) {
  HWY_DYNAMIC_DISPATCH(ActivateRows)(in, shape, y);
}

void ActivateBackward(const AffineRows& in, const RowsShape& shape, const RowsGradient& gradient,
                      const float* shift, const RowsSink& sink, double* sum, double* products) {
  HWY_DYNAMIC_DISPATCH(ActivateRowsBackward)(in, shape, gradient, shift, sink, sum, products);
}

void Combine(const float* dy, const float* x, const RowsShape& shape, const float* a,
             const float* b, const float* d, float* dx) {
  HWY_DYNAMIC_DISPATCH(CombineRows)(dy, x, shape, a, b, d, dx);
}

void AddTo(const float* from, size_t count, float* to) {
  HWY_DYNAMIC_DISPATCH(AddToAll)(from, count, to);
}

void Exp(const float* x, size_t count, float* y) { HWY_DYNAMIC_DISPATCH(ExpOfAll)(x, count, y); }

void Sigmoid(const float* x, size_t count, float* y) {
  HWY_DYNAMIC_DISPATCH(SigmoidOfAll)(x, count, y);
}

}  // namespace dse
#endif
