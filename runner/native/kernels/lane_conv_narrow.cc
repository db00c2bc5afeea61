#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runner/native/kernels/lane_conv_narrow.cc"
#include <hwy/foreach_target.h>
// Behind foreach_target.h:
#include "runner/native/kernels/lane_conv-inl.h"
#include "runner/native/kernels/lane_conv_parts.h"

HWY_BEFORE_NAMESPACE();
namespace dse {
namespace HWY_NAMESPACE {

std::unique_ptr<ConvKernel> MakeLaneNarrow([[maybe_unused]] const ConvShape& s) {
#if DSE_HAS_VECTORS
  switch (s.in / s.groups) {
    case 1:
      return s.kernel == 3 ? MakeLaneConvOf<1, 3>(s) : MakeLaneConvOf<1, 5>(s);
    case 2:
      return MakeLaneConvOf<2, 3>(s);
    case 4:
      return MakeLaneConvOf<4, 3>(s);
  }
#endif
  return nullptr;
}

}  // namespace HWY_NAMESPACE
}  // namespace dse
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dse {

HWY_EXPORT(MakeLaneNarrow);

std::unique_ptr<ConvKernel> MakeNarrowLaneConv(const ConvShape& shape) {
  return HWY_DYNAMIC_DISPATCH(MakeLaneNarrow)(shape);
}

}  // namespace dse
#endif
