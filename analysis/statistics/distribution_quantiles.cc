#include "analysis/statistics/distribution_quantiles.h"

#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <exception>
#include <string>

#include "core/error.h"

namespace dse {
namespace {

namespace math = boost::math;

// Doubles throughout: with long double, Boost's choice, a quantile takes several times as long.
using Policy = math::policies::policy<math::policies::promote_double<false>>;
using Beta = math::beta_distribution<double, Policy>;
using ChiSquare = math::chi_squared_distribution<double, Policy>;
using Student = math::students_t_distribution<double, Policy>;

template <class Compute>
double OrError(Compute compute) {
  try {
    return compute();
  } catch (const std::exception& error) {
    throw Error(std::string("the quantile of a distribution is not defined: ") + error.what());
  }
}

}  // namespace

double BetaQuantile(double a, double b, double p) {
  return OrError([=] { return math::quantile(Beta(a, b), p); });
}

double StudentQuantile(double level, double degrees) {
  return OrError(
      [=] { return math::quantile(math::complement(Student(degrees), (1 - level) / 2)); });
}

double ChiSquareQuantile(double p, double degrees) {
  return OrError([=] { return math::quantile(ChiSquare(degrees), p); });
}

}  // namespace dse
