#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "core/rng.h"

namespace dse {

// Block widths of a network of up to four stages of up to `deepest` blocks. `shape` says whether
// widths grow (1), are no multiples of 8 (2) or small (3).
inline std::vector<int> RandomWidths(RandomStream& random, int shape, int deepest) {
  std::vector<int> stages;
  const int most = shape == 3 ? 4 : 128;
  for (uint64_t i = 0, n = 1 + random.Below(4); i < n; ++i) {
    stages.push_back(8 * static_cast<int>(std::exp(random.Uniform(0, std::log(most))) + 0.5));
  }
  if (shape == 1) std::sort(stages.begin(), stages.end());
  std::vector<int> widths;
  for (int stage : stages) {
    const size_t depth = 1 + random.Below(static_cast<uint64_t>(deepest));
    widths.insert(widths.end(), depth, shape == 2 ? stage + int(random.Below(7)) : stage);
  }
  return widths;
}

}  // namespace dse
