#include "analysis/statistics/holm.h"

#include <catch2/catch.hpp>

namespace dse::holm_test {
namespace {

using Sample = std::vector<double>;

TEST_CASE("Holm's adjustment, by hand", "[holm]") {
  // sorted 0.005 0.01 0.03 0.04: times 4 3 2 1 = 0.02 0.03 0.06 0.04, never falling: 0.06 last
  const Sample p = {0.01, 0.04, 0.03, 0.005};
  const Sample adjusted = HolmAdjust(p);
  const Sample expected = {0.03, 0.06, 0.06, 0.02};
  REQUIRE(adjusted.size() == 4);
  for (size_t i = 0; i < 4; ++i) CHECK(adjusted[i] == Approx(expected[i]).epsilon(1e-14));
  CHECK(HolmAdjust(Sample{0.7, 0.6}) == Sample{1, 1});
  CHECK(HolmAdjust(Sample{0.2}) == Sample{0.2});
  CHECK(HolmAdjust({}).empty());
}

}  // namespace
}  // namespace dse::holm_test
