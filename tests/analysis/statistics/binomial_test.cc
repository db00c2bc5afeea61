#include "analysis/statistics/binomial.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "core/error.h"

namespace dse {
namespace {

// Reference values of this file: SciPy 1.17.1, special.betainc, special.betaincinv and
// binomtest(k, n).proportion_ci(0.95, "exact"), unless a closed form is named.

TEST_CASE("the incomplete beta function has its known values", "[binomial]") {
  CHECK(RegularizedBeta(1, 1, 0.3) == Approx(0.3).epsilon(1e-13));  // uniform
  // P(at least 2 of 4 trials at 0.4) = 1 - 0.6^4 - 4 * 0.4 * 0.6^3 = 0.5248
  CHECK(RegularizedBeta(2, 3, 0.4) == Approx(0.5248).epsilon(1e-13));
  CHECK(RegularizedBeta(0.5, 0.5, 0.1) == Approx(0.20483276469913345).epsilon(1e-12));
  CHECK(RegularizedBeta(50, 451, 0.1) == Approx(0.5218018627273873).epsilon(1e-11));
  CHECK(RegularizedBeta(1000, 2000, 0.35) == Approx(0.9729045043168851).epsilon(1e-11));
  CHECK(RegularizedBeta(3, 4, 0) == 0);
  CHECK(RegularizedBeta(3, 4, 1) == 1);
}

TEST_CASE("beta quantiles have their known values", "[binomial]") {
  CHECK(BetaQuantile(2, 3, 0.025) == Approx(0.06758598648854294).epsilon(1e-12));
  CHECK(BetaQuantile(0.5, 0.5, 0.9) == Approx(0.9755282581475768).epsilon(1e-12));
  CHECK(BetaQuantile(200, 10, 0.975) == Approx(0.9768202204709245).epsilon(1e-12));
  CHECK(BetaQuantile(5, 1, 0.5) == Approx(std::pow(0.5, 0.2)).epsilon(1e-12));  // I_x(a, 1) = x^a
}

TEST_CASE("a beta quantile inverts the distribution function", "[binomial]") {
  for (double a : {0.7, 1.0, 12.0, 300.0, 40000.0}) {
    for (double b : {1.5, 3.0, 90.0, 5000.0}) {
      for (double p : {0.001, 0.025, 0.5, 0.975, 0.999}) {
        CAPTURE(a, b, p);
        CHECK(RegularizedBeta(a, b, BetaQuantile(a, b, p)) == Approx(p).epsilon(1e-9));
      }
    }
  }
}

TEST_CASE("Clopper-Pearson intervals have their known limits", "[binomial]") {
  struct Case {
    int64_t k, n;
    double low, high;
  };
  const Case cases[] = {{0, 10, 0, 0.30849710781876294},
                        {3, 10, 0.06673951117773447, 0.652452850060008},
                        {10, 10, 0.6915028921812371, 1},
                        {1, 1, 0.025, 1},
                        {47, 500, 0.06988623391878006, 0.12303760788956071},
                        {12345, 50000, 0.2431251412664539, 0.2507042625917579}};
  for (const Case& c : cases) {
    CAPTURE(c.k, c.n);
    const Interval interval = ClopperPearson(c.k, c.n);
    CHECK(interval.low == Approx(c.low).epsilon(1e-10));
    CHECK(interval.high == Approx(c.high).epsilon(1e-10));
    CHECK(interval.point == static_cast<double>(c.k) / static_cast<double>(c.n));
  }
  // none of n: the upper limit solves (1 - p)^n = 0.025
  CHECK(ClopperPearson(0, 25).high == Approx(1 - std::pow(0.025, 1.0 / 25)).epsilon(1e-12));
  CHECK_THROWS_AS(ClopperPearson(0, 0), Error);
  CHECK_THROWS_AS(ClopperPearson(3, 2), Error);
}

TEST_CASE("Student quantiles are those of the tables", "[binomial]") {
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
