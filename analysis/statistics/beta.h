#pragma once

namespace dse {

// The regularized incomplete beta function I_x(a, b), the distribution function of Beta(a, b): a, b
// > 0, 0 <= x <= 1. Relative accuracy about 1e-12.
double RegularizedBeta(double a, double b, double x);

// The x with I_x(a, b) = p, 0 < p < 1.
double BetaQuantile(double a, double b, double p);

// The t with P(|T| <= t) = level for Student's distribution with `degrees` > 0 of freedom, 0 <
// level < 1: P(|T| <= t) = I_{t^2 / (degrees + t^2)}(1/2, degrees/2).
double StudentQuantile(double level, double degrees);

}  // namespace dse
