// The vectors that the kernels are written with: Highway's, at full width. Included once for every
// target, after hwy/foreach_target.h.
#if defined(DSE_KERNELS_VEC_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DSE_KERNELS_VEC_INL_H_
#undef DSE_KERNELS_VEC_INL_H_
#else
#define DSE_KERNELS_VEC_INL_H_
#endif

#include <hwy/highway.h>

// Where there are none, convolutions are left to the plain loops.
#undef DSE_HAS_VECTORS
#define DSE_HAS_VECTORS (HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128)

// Loops over registers are unrolled in full.
#undef DSE_UNROLL
#define DSE_UNROLL _Pragma("GCC unroll 64")

HWY_BEFORE_NAMESPACE();
namespace dse {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;
using Indices = decltype(hn::IndicesFromVec(D(), hn::Zero(hn::RebindToSigned<D>())));
constexpr int kLanes = HWY_LANES(float);
constexpr int kRegisters = HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_NEON ? 32 : 16;

HWY_INLINE V Zero() { return hn::Zero(D()); }
HWY_INLINE V Set(float value) { return hn::Set(D(), value); }
HWY_INLINE V Load(const float* p) { return hn::LoadU(D(), p); }
HWY_INLINE void Store(V v, float* p) { hn::StoreU(v, D(), p); }
#if DSE_HAS_VECTORS
// The first half of the lanes, zeros above.
HWY_INLINE V LoadHalf(const float* p) {
  return hn::ZeroExtendVector(D(), hn::LoadU(hn::Half<D>(), p));
}
HWY_INLINE void StoreHalf(V v, float* p) { hn::StoreU(hn::LowerHalf(v), hn::Half<D>(), p); }
HWY_INLINE void StoreFullOrHalf(V v, bool half, float* p) { half ? StoreHalf(v, p) : Store(v, p); }
// The first `count` lanes, 1 to all.
HWY_INLINE void StoreFirst(V v, int count, float* p) {
  if (count == kLanes) return Store(v, p);
  if (count == kLanes / 2) return StoreHalf(v, p);
  hn::BlendedStore(v, hn::FirstN(D(), size_t(count)), D(), p);
}
#endif
using hn::Add;
using hn::MulAdd;

}  // namespace HWY_NAMESPACE
}  // namespace dse
HWY_AFTER_NAMESPACE();
#endif  // DSE_KERNELS_VEC_INL_H_
