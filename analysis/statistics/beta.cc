#include "analysis/statistics/beta.h"

#include <cmath>
#include <limits>

namespace dse {
namespace {

// std::lgamma stores a sign in a global variable; this form does not and is safe in threads.
double LogGamma(double x) {
  int sign = 0;
  return lgamma_r(x, &sign);
}

double LogBeta(double a, double b) { return LogGamma(a) + LogGamma(b) - LogGamma(a + b); }

// The continued fraction of the incomplete beta function (Abramowitz and Stegun 26.5.8) by Lentz's
// method; converges fast for x < (a + 1) / (a + b + 2).
double BetaFraction(double a, double b, double x) {
  constexpr double kTiny = 1e-300;
  constexpr double kPrecision = 1e-15;
  const auto away_from_zero = [](double v) { return std::fabs(v) < kTiny ? kTiny : v; };
  double c = 1;
  double d = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
  double result = d;
  for (int step = 1; step <= 100'000; ++step) {
    const double even = step * (b - step) * x / ((a + 2 * step - 1) * (a + 2 * step));
    d = 1 / away_from_zero(1 + even * d);
    c = away_from_zero(1 + even / c);
    result *= d * c;
    const double odd = -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1));
    d = 1 / away_from_zero(1 + odd * d);
    c = away_from_zero(1 + odd / c);
    result *= d * c;
    if (std::fabs(d * c - 1) < kPrecision) break;
  }
  return result;
}

// log_beta = LogBeta(a, b).
double RegularizedBeta(double a, double b, double x, double log_beta) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double front = std::exp(a * std::log(x) + b * std::log1p(-x) - log_beta);
  if (x < (a + 1) / (a + b + 2)) return front * BetaFraction(a, b, x) / a;
  return 1 - front * BetaFraction(b, a, 1 - x) / b;
}

}  // namespace

double RegularizedBeta(double a, double b, double x) {
  return RegularizedBeta(a, b, x, LogBeta(a, b));
}

double BetaQuantile(double a, double b, double p) {
  const double log_beta = LogBeta(a, b);
  double low = 0;
  double high = 1;
  double x = a / (a + b);
  for (int step = 0; step < 200; ++step) {
    const double excess = RegularizedBeta(a, b, x, log_beta) - p;
    (excess > 0 ? high : low) = x;
    const double density = std::exp((a - 1) * std::log(x) + (b - 1) * std::log1p(-x) - log_beta);
    double next = x - excess / density;                               // Newton
    if (!(next > low && next < high)) next = low + (high - low) / 2;  // or halving
    if (std::fabs(next - x) <= 1e-15 * x || next == low || next == high) return next;
    x = next;
  }
  return x;
}

double StudentQuantile(double level, double degrees) {
  const double x = BetaQuantile(0.5, degrees / 2, level);
  return std::sqrt(degrees * x / (1 - x));
}

}  // namespace dse
