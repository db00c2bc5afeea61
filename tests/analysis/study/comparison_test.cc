#include "analysis/study/comparison.h"

#include <catch2/catch.hpp>

namespace dse::comparison_test {
namespace {

TEST_CASE("a comparison seen from the other side changes its signs and its limits",
          "[comparison]") {
  Comparison comparison{.a = "a", .b = "b", .ks = 0.5, .mean_difference = {-2, -3, -1, 0.95}};
  comparison.quantiles = {{0.5, {1, -1, 4, 0.95}}};
  const Comparison flipped = Flipped(comparison);
  CHECK(flipped.a == "b");
  CHECK(flipped.b == "a");
  CHECK(flipped.ks == 0.5);
  CHECK(flipped.mean_difference == Interval{2, 1, 3, 0.95});
  CHECK(flipped.quantiles.at(0).difference == Interval{-1, -4, 1, 0.95});
}

}  // namespace
}  // namespace dse::comparison_test
