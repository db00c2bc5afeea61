#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "analysis/statistics/interval.h"

namespace dse {

// Means of resamples of `values` of the same size, drawn with replacement: 10,000 of them up to 500
// values, above that 5,000,000 divided by the values, but at least 1,000. Equal for equal (values,
// seed, purpose); other purposes give independent streams. Throws Error for no values.
std::vector<double> BootstrapMeans(std::span<const double> values, uint64_t seed,
                                   std::string_view purpose);

// The mean with its 95% percentile interval; `means` are bootstrap means of the values.
Interval MeanInterval(std::span<const double> values, std::span<const double> means);

// mean(a) - mean(b) with its 95% percentile interval; `means_*` are bootstrap means of each, made
// with different purposes. Where one has more of them than the other, the surplus is not used.
Interval MeanDifference(std::span<const double> a, std::span<const double> b,
                        std::span<const double> means_a, std::span<const double> means_b);
Interval MeanDifference(std::span<const double> a, std::span<const double> b, uint64_t seed);

}  // namespace dse
