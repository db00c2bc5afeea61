#pragma once

#include <span>
#include <vector>

#include "analysis/statistics/edf.h"

namespace dse {

// Error distributions of series that differ in complexity, made comparable: the range of flops (or
// params) of all series pooled is cut into bins of equal width, and within a series each bin that
// has models counts the same, each model of a bin the same.
inline constexpr int kComplexityBins = 10;

// The weight of each model: 1 / (non-empty bins of this series * models in its bin); they sum to 1.
// A bin holds its lower edge, the last one also its upper. Where low and high are equal there is
// one bin. Throws Error for no models or a complexity outside low..high or not finite.
std::vector<double> NormalizedWeights(std::span<const double> complexities, double pooled_low,
                                      double pooled_high);

// The EDF in which model i weighs weights[i] >= 0: one point per distinct error, ascending, f the
// weight up to it, the last f exactly 1. The bands of edf.h hold for equal weights only. Throws
// Error for no errors, one that is not finite, or weights that do not sum to 1 within 1e-9.
Edf MakeWeightedEdf(std::span<const double> errors, std::span<const double> weights);

}  // namespace dse
