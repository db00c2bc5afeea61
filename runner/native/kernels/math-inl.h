// Functions of a vector.
#if defined(DSE_KERNELS_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DSE_KERNELS_MATH_INL_H_
#undef DSE_KERNELS_MATH_INL_H_
#else
#define DSE_KERNELS_MATH_INL_H_
#endif

#include "runner/native/kernels/vec-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dse {
namespace HWY_NAMESPACE {

// e^x = 2^n * e^r with |r| <= ln(2)/2 and a polynomial of degree 7 in r. x is taken into [-87, 88],
// so that the result is a normal number; not-a-numbers stay.
HWY_INLINE V ExpOf(V value) {
  const hn::RebindToSigned<D> di;
  const V x = hn::Max(hn::Min(value, Set(88.0f)), Set(-87.0f));
  const V n = hn::Round(hn::Mul(x, Set(1.44269504f)));
  // ln(2) in two parts, the first of which has few bits.
  V r = hn::NegMulAdd(n, Set(0.693359375f), x);
  r = hn::NegMulAdd(n, Set(-2.12194440e-4f), r);
  V p = Set(1.9875691500e-4f);
  p = MulAdd(p, r, Set(1.3981999507e-3f));
  p = MulAdd(p, r, Set(8.3334519073e-3f));
  p = MulAdd(p, r, Set(4.1665795894e-2f));
  p = MulAdd(p, r, Set(1.6666665459e-1f));
  p = MulAdd(p, r, Set(5.0000001201e-1f));
  p = Add(MulAdd(p, hn::Mul(r, r), r), Set(1.0f));
  const auto exponent = hn::ShiftLeft<23>(hn::ConvertTo(di, n));
  const V result = hn::BitCast(D(), Add(hn::BitCast(di, p), exponent));
  return hn::IfThenElse(hn::IsNaN(value), value, result);
}

HWY_INLINE V SigmoidOf(V x) { return hn::Div(Set(1.0f), Add(Set(1.0f), ExpOf(hn::Neg(x)))); }

}  // namespace HWY_NAMESPACE
}  // namespace dse
HWY_AFTER_NAMESPACE();
#endif  // DSE_KERNELS_MATH_INL_H_
