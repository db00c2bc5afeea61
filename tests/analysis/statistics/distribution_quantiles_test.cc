#include "analysis/statistics/distribution_quantiles.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "core/error.h"

namespace dse::distribution_quantiles_test {
namespace {

// Reference values of this file: SciPy 1.17.1, unless a closed form is named.

TEST_CASE("beta quantiles have their known values", "[quantiles]") {
  // special.betaincinv(a, b, p)
  CHECK(BetaQuantile(2, 3, 0.025) == Approx(0.06758598648854294).epsilon(1e-12));
  CHECK(BetaQuantile(0.5, 0.5, 0.9) == Approx(0.9755282581475768).epsilon(1e-12));
  CHECK(BetaQuantile(200, 10, 0.975) == Approx(0.9768202204709245).epsilon(1e-12));
  CHECK(BetaQuantile(5, 1, 0.5) == Approx(std::pow(0.5, 0.2)).epsilon(1e-12));  // I_x(a, 1) = x^a
}

TEST_CASE("Student quantiles are those of the tables", "[quantiles]") {
  // stats.t.ppf((1 + level) / 2, degrees)
  struct Known {
    double level, degrees, t;
  };
  const Known known[] = {{0.95, 1, 12.706204736174694},  {0.95, 2, 4.302652729749462},
                         {0.95, 10, 2.228138851986274},  {0.99, 30, 2.7499956535672254},
                         {0.95, 98, 1.9844674545084815}, {0.9, 1e5, 1.6448688647849696}};
  for (const Known& k : known) {
    CHECK(StudentQuantile(k.level, k.degrees) == Approx(k.t).epsilon(1e-12));
  }
}

TEST_CASE("chi-square quantiles are those of the tables", "[quantiles]") {
  // stats.chi2.ppf(p, degrees)
  struct Known {
    double p, degrees, x;
  };
  const Known known[] = {{0.025, 1, 0.0009820691171752555}, {0.975, 1, 5.023886187314888},
                         {0.025, 4, 0.4844185570879299},    {0.975, 4, 11.143286781877796},
                         {0.025, 120, 91.57264190001453},   {0.975, 120, 152.21140272515154},
                         {1e-6, 3, 0.00024181048720124264}, {0.5, 1e5, 99999.33333412347}};
  for (const Known& k : known) {
    CHECK(ChiSquareQuantile(k.p, k.degrees) == Approx(k.x).epsilon(1e-12));
  }
  // two degrees of freedom: x = -2 log(1 - p)
  CHECK(ChiSquareQuantile(0.9, 2) == Approx(-2 * std::log(0.1)).epsilon(1e-13));
}

TEST_CASE("a quantile of no distribution is an error", "[quantiles]") {
  CHECK_THROWS_AS(BetaQuantile(0, 1, 0.5), Error);
  CHECK_THROWS_AS(BetaQuantile(1, 1, 1.5), Error);
  CHECK_THROWS_AS(StudentQuantile(0.95, 0), Error);
  CHECK_THROWS_AS(ChiSquareQuantile(0.5, -1), Error);
}

}  // namespace
}  // namespace dse::distribution_quantiles_test
