#pragma once

#include <span>
#include <vector>

namespace dse {

// Holm's step-down adjustment (1979): in the order of the input, never below the p-value itself.
std::vector<double> HolmAdjust(std::span<const double> p_values);

}  // namespace dse
