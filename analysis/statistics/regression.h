#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "analysis/statistics/interval.h"

namespace dse {

// The forms in which the paper's section 4 describes the best models against their flops f.
enum class TrendForm {
  kSqrt,        // y = a sqrt(f): activations
  kLinear,      // y = a + b f: parameters
  kLinearSqrt,  // y = a f + b sqrt(f): run time
};

// A trend fitted by least squares, in the units of the numbers it was fitted to.
struct Regression {
  TrendForm form = TrendForm::kSqrt;
  int64_t n = 0;                       // points
  std::vector<Interval> coefficients;  // a, then b if the form has one; Student-t intervals
  double r_squared = 0;    // centred: 1 - SSE / sum (y - mean)^2; below 0 if the mean fits better
  double residual_sd = 0;  // sqrt(SSE / (n - coefficients))
};

// Empty where the points do not determine the trend: no more of them than coefficients, values of f
// too much alike to tell the coefficients apart (a relative spread below about 1e-8), or one y
// throughout (no R^2). Throws Error for lists of different length, numbers that are not finite and,
// under a square root, negative f.
std::optional<Regression> FitTrend(TrendForm form, std::span<const double> f,
                                   std::span<const double> y, double level = 0.95);

// The trend's value at f; f >= 0 in forms with a square root.
double PredictTrend(const Regression& regression, double f);

}  // namespace dse
