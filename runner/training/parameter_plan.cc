#include "runner/training/parameter_plan.h"

#include <algorithm>
#include <cassert>
#include <functional>
#include <numeric>

#include "core/rng.h"

namespace dse {

int64_t ParameterPlan::elements() const {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

void DrawParameter(const ParameterPlan& parameter, int number, uint64_t seed,
                   std::span<float> values) {
  assert(static_cast<int64_t>(values.size()) == parameter.elements());
  const double scale = parameter.initialization.scale;
  RandomStream random(StreamKey(seed, "parameters"), static_cast<uint64_t>(number));
  switch (parameter.initialization.law) {
    case Initialization::Law::kConstant:
      std::ranges::fill(values, static_cast<float>(scale));
      break;
    case Initialization::Law::kNormal:
      for (float& value : values) value = static_cast<float>(scale * random.Normal());
      break;
    case Initialization::Law::kUniform:
      for (float& value : values) value = static_cast<float>(random.Uniform(-scale, scale));
      break;
  }
}

}  // namespace dse
