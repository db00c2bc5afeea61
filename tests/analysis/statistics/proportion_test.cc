#include "analysis/statistics/proportion.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "core/error.h"

namespace dse::proportion_test {
namespace {

// Reference values: SciPy 1.17.1, binomtest(k, n).proportion_ci(0.95, "exact").
TEST_CASE("Clopper-Pearson intervals have their known limits", "[proportion]") {
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
    CHECK(interval.low == Approx(c.low).epsilon(1e-12));
    CHECK(interval.high == Approx(c.high).epsilon(1e-12));
    CHECK(interval.point == static_cast<double>(c.k) / static_cast<double>(c.n));
  }
  // none of n: the upper limit solves (1 - p)^n = 0.025
  CHECK(ClopperPearson(0, 25).high == Approx(1 - std::pow(0.025, 1.0 / 25)).epsilon(1e-12));
  CHECK_THROWS_AS(ClopperPearson(0, 0), Error);
  CHECK_THROWS_AS(ClopperPearson(3, 2), Error);
}

}  // namespace
}  // namespace dse::proportion_test
