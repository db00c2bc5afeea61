#include "runner/native/kernels/lane_conv.h"

#include "runner/native/kernels/lane_conv_parts.h"

namespace dse {

std::unique_ptr<ConvKernel> MakeLaneConv(const ConvShape& s) {
  const int group = s.in / s.groups;
  if (s.in != s.out || s.stride > 2) return nullptr;
  if (s.kernel != 3 && (s.kernel != 5 || group != 1)) return nullptr;
  if (group == 1 || group == 2 || group == 4) return MakeNarrowLaneConv(s);
  if (group == 8 || group == 16) return MakeWideLaneConv(s);
  return nullptr;
}

}  // namespace dse
