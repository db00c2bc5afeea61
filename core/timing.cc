#include "core/timing.h"

namespace dse {

double ImageNetHours(double step_milliseconds, int batch_size) {
  constexpr double kEpochs = 100, kImages = 1'281'167;
  return kEpochs * kImages / batch_size * step_milliseconds / 1e3 / 3600;
}

}  // namespace dse
