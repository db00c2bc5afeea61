#pragma once

#include <cstddef>
#include <string>

#include "analysis/study/comparison.h"

namespace dse {

// What a comparison says, in one line without a full stop, for a reader who has to choose: "A
// against B: mean error -2.10 [-2.60, -1.70], better at every quantile, KS 0.31, p < 1e-6 (exact,
// Holm over 15 comparisons)". Lower errors are better, so a is better where its difference is below
// 0. Quantiles are called better or worse only where the adjusted test tells the two apart
// (kSignificance), each where its own interval leaves 0 out, unadjusted; where the test does not,
// the line ends by saying so. `made_together` is how many comparisons p_adjusted accounts for.
std::string ComparisonSentence(const Comparison& comparison, size_t made_together);

}  // namespace dse
