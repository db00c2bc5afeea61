#pragma once

namespace dse {

// Quantiles of distributions, from Boost.Math; relative accuracy about 1e-13. Throw Error for
// parameters outside their ranges.

// The x with I_x(a, b) = p, that a Beta(a, b) variable stays below with probability p: a, b > 0,
// 0 < p < 1.
double BetaQuantile(double a, double b, double p);

// The t with P(|T| <= t) = level for Student's distribution with `degrees` > 0 of freedom,
// 0 < level < 1.
double StudentQuantile(double level, double degrees);

// The x that a chi-square variable with `degrees` > 0 of freedom stays below with probability p,
// 0 < p < 1.
double ChiSquareQuantile(double p, double degrees);

}  // namespace dse
