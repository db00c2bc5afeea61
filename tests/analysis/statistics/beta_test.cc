#include "analysis/statistics/beta.h"

#include <catch2/catch.hpp>
#include <cmath>

namespace dse {
namespace {

// Reference values of this file: SciPy 1.17.1, special.betainc and special.betaincinv, unless a
// closed form is named.

TEST_CASE("the incomplete beta function has its known values", "[beta]") {
  CHECK(RegularizedBeta(1, 1, 0.3) == Approx(0.3).epsilon(1e-13));  // uniform
  // P(at least 2 of 4 trials at 0.4) = 1 - 0.6^4 - 4 * 0.4 * 0.6^3 = 0.5248
  CHECK(RegularizedBeta(2, 3, 0.4) == Approx(0.5248).epsilon(1e-13));
  CHECK(RegularizedBeta(0.5, 0.5, 0.1) == Approx(0.20483276469913345).epsilon(1e-12));
  CHECK(RegularizedBeta(50, 451, 0.1) == Approx(0.5218018627273873).epsilon(1e-11));
  CHECK(RegularizedBeta(1000, 2000, 0.35) == Approx(0.9729045043168851).epsilon(1e-11));
  CHECK(RegularizedBeta(3, 4, 0) == 0);
  CHECK(RegularizedBeta(3, 4, 1) == 1);
}

TEST_CASE("beta quantiles have their known values", "[beta]") {
  CHECK(BetaQuantile(2, 3, 0.025) == Approx(0.06758598648854294).epsilon(1e-12));
  CHECK(BetaQuantile(0.5, 0.5, 0.9) == Approx(0.9755282581475768).epsilon(1e-12));
  CHECK(BetaQuantile(200, 10, 0.975) == Approx(0.9768202204709245).epsilon(1e-12));
  CHECK(BetaQuantile(5, 1, 0.5) == Approx(std::pow(0.5, 0.2)).epsilon(1e-12));  // I_x(a, 1) = x^a
}

TEST_CASE("a beta quantile inverts the distribution function", "[beta]") {
  for (double a : {0.7, 1.0, 12.0, 300.0, 40000.0}) {
    for (double b : {1.5, 3.0, 90.0, 5000.0}) {
      for (double p : {0.001, 0.025, 0.5, 0.975, 0.999}) {
        CAPTURE(a, b, p);
        CHECK(RegularizedBeta(a, b, BetaQuantile(a, b, p)) == Approx(p).epsilon(1e-9));
      }
    }
  }
}

TEST_CASE("Student quantiles are those of the tables", "[beta]") {
  // SciPy 1.17.1, stats.t.ppf((1 + level) / 2, degrees)
  struct Known {
    double level, degrees, t;
  };
  const Known known[] = {{0.95, 1, 12.706204736174694},  {0.95, 2, 4.302652729749462},
                         {0.95, 10, 2.228138851986274},  {0.99, 30, 2.7499956535672254},
                         {0.95, 98, 1.9844674545084815}, {0.9, 1e5, 1.6448688647849696}};
  for (const Known& k : known) {
    const double precision = k.degrees > 1000 ? 1e-9 : 1e-11;
    CHECK(StudentQuantile(k.level, k.degrees) == Approx(k.t).epsilon(precision));
  }
}

}  // namespace
}  // namespace dse
