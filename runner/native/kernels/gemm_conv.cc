#include "runner/native/kernels/gemm_conv.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runner/native/kernels/gemm_conv.cc"
#include <hwy/foreach_target.h>
// Behind foreach_target.h:
#include "runner/native/kernels/tap_conv-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dse {
namespace HWY_NAMESPACE {
#if DSE_HAS_VECTORS

// A group at a time.
class GemmOps {
 public:
  explicit GemmOps(const ConvShape& shape)
      : groups_(shape.groups),
        in_(shape.in / shape.groups),
        out_(shape.out / shape.groups),
        taps_(shape.kernel * shape.kernel) {}

  std::string name() const { return "gemm"; }
  int units() const { return groups_; }
  int unit_in() const { return in_; }
  int unit_out() const { return out_; }
  size_t forward_floats() const { return GemmFloats(taps_, in_, out_); }
  size_t backward_floats() const { return GemmFloats(taps_, out_, in_); }

  void Multiply(bool backward, const Source& x, const TapList& taps, const float* w, const Sink& y,
                const Area& area, Prefetcher& prefetcher) const {
    Gemm(x, taps, taps_, backward ? out_ : in_, backward ? in_ : out_, w, y, area, prefetcher);
  }
  void AddGradient(const Source& x, const TapList& taps, const Source& dy, const Area& area,
                   float* gradient, Prefetcher& prefetcher) const {
    GemmGradient(x, taps, in_, out_, dy, area, gradient, prefetcher);
  }
  template <class F>
  void ForEachVector(bool backward, const KernelPart& part, F f) const {
    ForEachGemmVector(taps_, backward ? out_ : in_, backward ? in_ : out_, part, f);
  }

 private:
  int groups_, in_, out_, taps_;
};

std::unique_ptr<ConvKernel> MakeGemm(const ConvShape& s) {
  return std::make_unique<TapConv<GemmOps>>(s);
}

#else
std::unique_ptr<ConvKernel> MakeGemm(const ConvShape&) { return nullptr; }
#endif
}  // namespace HWY_NAMESPACE
}  // namespace dse
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dse {

HWY_EXPORT(MakeGemm);

std::unique_ptr<ConvKernel> MakeGemmConv(const ConvShape& s) {
  if (s.kernel > 7) return nullptr;
  if (s.kernel > 1 && (s.kernel < s.stride || s.kernel % 2 == 0)) return nullptr;
  return HWY_DYNAMIC_DISPATCH(MakeGemm)(s);
}

}  // namespace dse
#endif
