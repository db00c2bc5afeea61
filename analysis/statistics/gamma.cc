#include "analysis/statistics/gamma.h"

#include <cmath>
#include <limits>

namespace dse {
namespace {

constexpr double kPrecision = 1e-16;
constexpr int kSteps = 1'000'000;

// log of x^a e^-x / Gamma(a).
double LogFront(double a, double x) {
  int sign = 0;
  return a * std::log(x) - x - lgamma_r(a, &sign);
}

// P(a, x) / front by the power series (Abramowitz and Stegun 6.5.29), good for x < a + 1.
double Series(double a, double x) {
  double term = 1 / a;
  double sum = term;
  for (int step = 1; step < kSteps && term > sum * kPrecision; ++step) {
    term *= x / (a + step);
    sum += term;
  }
  return sum;
}

// (1 - P(a, x)) / front by the continued fraction (Abramowitz and Stegun 6.5.31) in its even part,
// evaluated by Lentz's method, good for x >= a + 1.
double Fraction(double a, double x) {
  double b = x + 1 - a;
  double c = std::numeric_limits<double>::max();
  double d = 1 / b;
  double result = d;
  for (int step = 1; step < kSteps; ++step) {
    const double numerator = -step * (step - a);
    b += 2;
    d = 1 / (b + numerator * d);
    c = b + numerator / c;
    result *= c * d;
    if (std::fabs(c * d - 1) <= kPrecision) break;
  }
  return result;
}

}  // namespace

double RegularizedGamma(double a, double x) {
  if (x <= 0) return 0;
  const double front = std::exp(LogFront(a, x));
  return x < a + 1 ? front * Series(a, x) : 1 - front * Fraction(a, x);
}

double ChiSquareQuantile(double p, double degrees) {
  const double a = degrees / 2;
  double low = 0;
  double high = a + 1;
  while (RegularizedGamma(a, high) < p) {
    low = high;
    high *= 2;
  }
  double x = low + (high - low) / 2;
  for (int step = 0; step < 200; ++step) {
    const double excess = RegularizedGamma(a, x) - p;
    (excess > 0 ? high : low) = x;
    const double density = std::exp(LogFront(a, x)) / x;
    double next = x - excess / density;                               // Newton
    if (!(next > low && next < high)) next = low + (high - low) / 2;  // or halving
    if (std::fabs(next - x) <= 1e-15 * x || next == low || next == high) return 2 * next;
    x = next;
  }
  return 2 * x;
}

}  // namespace dse
