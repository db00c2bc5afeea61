#pragma once

namespace dse {

// The regularized lower incomplete gamma function P(a, x), the distribution function of Gamma(a):
// a > 0, x >= 0. Relative accuracy about 1e-12 up to a = 1000, 1e-10 at a = 100,000.
double RegularizedGamma(double a, double x);

// The x that a chi-square variable with `degrees` > 0 of freedom stays below with probability p,
// 0 < p < 1: P(degrees/2, x/2) = p.
double ChiSquareQuantile(double p, double degrees);

}  // namespace dse
