#include "runner/native/kernels/peak.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runner/native/kernels/peak.cc"
#include <hwy/foreach_target.h>
// Behind foreach_target.h:
#include "runner/native/kernels/vec-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dse {
namespace HWY_NAMESPACE {

double MultiplyAdds(long steps) {
  constexpr int kChains = 12;
  V sum[kChains];
  DSE_UNROLL for (int i = 0; i < kChains; i++) sum[i] = Set(0.001f * float(i));
  const V a = Set(0.999f), b = Set(0.001f);
  for (long step = 0; step < steps; step++) {
    DSE_UNROLL for (int i = 0; i < kChains; i++) sum[i] = MulAdd(sum[i], a, b);
  }
  float lanes[kLanes];
  volatile float used = 0;
  DSE_UNROLL for (int i = 0; i < kChains; i++) {
    Store(sum[i], lanes);
    used = used + lanes[0];
  }
  return 2.0 * double(steps) * kChains * kLanes;
}

}  // namespace HWY_NAMESPACE
}  // namespace dse
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dse {

HWY_EXPORT(MultiplyAdds);

double RunMultiplyAdds(long steps) { return HWY_DYNAMIC_DISPATCH(MultiplyAdds)(steps); }

}  // namespace dse
#endif
