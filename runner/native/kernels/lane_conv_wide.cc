#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runner/native/kernels/lane_conv_wide.cc"
#include <hwy/foreach_target.h>
// Behind foreach_target.h:
#include "runner/native/kernels/lane_conv-inl.h"
#include "runner/native/kernels/lane_conv_parts.h"

HWY_BEFORE_NAMESPACE();
namespace dse {
namespace HWY_NAMESPACE {

std::unique_ptr<ConvKernel> MakeLaneWide([[maybe_unused]] const ConvShape& s) {
#if DSE_HAS_VECTORS
  switch (s.in / s.groups) {
    case 8:
      return MakeLaneConvOf<8, 3>(s);
    case 16:
      return MakeLaneConvOf<16, 3>(s);
  }
#endif
  return nullptr;
}

}  // namespace HWY_NAMESPACE
}  // namespace dse
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dse {

HWY_EXPORT(MakeLaneWide);

std::unique_ptr<ConvKernel> MakeWideLaneConv(const ConvShape& shape) {
  return HWY_DYNAMIC_DISPATCH(MakeLaneWide)(shape);
}

}  // namespace dse
#endif
