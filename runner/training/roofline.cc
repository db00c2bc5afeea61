#include "runner/training/roofline.h"

#include <algorithm>

namespace dse {
namespace {

constexpr double kForwardPasses = 2.3;
constexpr double kBackwardPasses = 4.5;
constexpr double kUpdateBytes = 24;  // weight, gradient and momentum read and written in fp32

double BytesPerElement(Precision precision) {
  return precision == Precision::kBf16 || precision == Precision::kFp16 ? 2 : 4;
}

}  // namespace

double RooflineMilliseconds(const Complexity& complexity, int batch_size, Precision precision,
                            bool training, const DevicePeaks& peaks) {
  const auto images = static_cast<double>(batch_size);
  const double operations = (training ? 6 : 2) * static_cast<double>(complexity.flops) * images;
  const double passes = kForwardPasses + (training ? kBackwardPasses : 0);
  const double traffic =
      passes * BytesPerElement(precision) * static_cast<double>(complexity.acts) * images;
  const double update = training ? kUpdateBytes * static_cast<double>(complexity.params) : 0;
  return 1e3 * (std::max(operations / peaks.flops_per_s, traffic / peaks.bytes_per_s) +
                update / peaks.bytes_per_s);
}

}  // namespace dse
