#include "analysis/statistics/gamma.h"

#include <catch2/catch.hpp>
#include <cmath>

namespace dse {
namespace {

TEST_CASE("the incomplete gamma function has its known values", "[gamma]") {
  // SciPy 1.17.1, special.gammainc(a, x)
  struct Known {
    double a, x, p;
  };
  const Known known[] = {{0.5, 0.1, 0.34527915398142317}, {0.5, 3, 0.9856941215645704},
                         {3, 2, 0.32332358381693654},     {10, 25, 0.9997785233617512},
                         {200, 180, 0.07485803498415958}, {5, 0.001, 8.326391864211505e-18}};
  for (const Known& k : known) CHECK(RegularizedGamma(k.a, k.x) == Approx(k.p).epsilon(1e-12));
  CHECK(RegularizedGamma(1e5, 1e5) == Approx(0.5004205221103651).epsilon(1e-9));
  CHECK(RegularizedGamma(2, 0) == 0);
  // closed forms: P(1, x) = 1 - e^-x, P(1/2, x) = erf(sqrt(x)), on both sides of x = a + 1
  for (double x : {0.01, 0.7, 1.4, 1.6, 1.999, 2.001, 6.0}) {
    CHECK(RegularizedGamma(1, x) == Approx(-std::expm1(-x)).epsilon(1e-13));
    CHECK(RegularizedGamma(0.5, x) == Approx(std::erf(std::sqrt(x))).epsilon(1e-13));
  }
}

TEST_CASE("chi-square quantiles are those of the tables", "[gamma]") {
  // SciPy 1.17.1, stats.chi2.ppf(p, degrees)
  struct Known {
    double p, degrees, x;
  };
  const Known known[] = {{0.025, 1, 0.0009820691171752555}, {0.975, 1, 5.023886187314888},
                         {0.025, 4, 0.4844185570879299},    {0.975, 4, 11.143286781877796},
                         {0.025, 120, 91.57264190001453},   {0.975, 120, 152.21140272515154},
                         {1e-6, 3, 0.00024181048720124264}};
  for (const Known& k : known) {
    CHECK(ChiSquareQuantile(k.p, k.degrees) == Approx(k.x).epsilon(1e-11));
  }
  CHECK(ChiSquareQuantile(0.5, 1e5) == Approx(99999.33333412347).epsilon(1e-11));
  // two degrees of freedom: x = -2 log(1 - p)
  CHECK(ChiSquareQuantile(0.9, 2) == Approx(-2 * std::log(0.1)).epsilon(1e-13));
}

}  // namespace
}  // namespace dse
