#include "runner/work/spread.h"

#include <catch2/catch.hpp>

namespace dse::spread_test {

TEST_CASE("the spread of a few numbers") {
  const Spread odd = MeasureSpread({3, 1, 2});
  CHECK(odd.median == 2);
  CHECK(odd.lowest == 1);
  CHECK(odd.highest == 3);
  CHECK(MeasureSpread({4, 1, 2, 3}).median == 2.5);
  CHECK(MeasureSpread({7}).median == 7);
}

}  // namespace dse::spread_test
