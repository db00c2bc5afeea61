#include "runner/native/parameters.h"

namespace dse::native {

Parameters::Parameters(const NetworkPlan& network, uint64_t seed, bool learns) : plan_(network) {
  size_t floats = 0;
  for (const ParameterPlan& parameter : network.parameters) {
    offsets_.push_back(floats);
    floats += FloatArray::Rounded(static_cast<size_t>(parameter.elements()));
  }
  values_ = FloatArray(floats);
  if (learns) gradients_ = FloatArray(floats);
  for (int number = 0; number < static_cast<int>(count()); ++number) {
    const ParameterPlan& parameter = plan(number);
    DrawParameter(parameter, number, seed,
                  {value(number), static_cast<size_t>(parameter.elements())});
  }
}

}  // namespace dse::native
