#include "analysis/fit/width_ties.h"

#include <array>
#include <catch2/catch.hpp>
#include <cmath>

#include "core/rng.h"

namespace dse::width_ties_test {
namespace {

TieSides Sides(const std::vector<WidthTie>& ties, FitBox::Range w0, FitBox::Range wm) {
  FitBox box;
  box.w0 = w0;
  box.root = {std::sqrt(wm.low), std::sqrt(wm.high)};
  return PossibleSides(ties, box);
}

WidthTie At(size_t level, double width) { return {level, std::log(width)}; }

std::vector<size_t> Set(const TieSides& sides) {
  std::vector<size_t> set;
  for (size_t i = 0; i < sides.size(); ++i) {
    if (sides[i]) set.push_back(i);
  }
  return set;
}

TEST_CASE("two ties have four sides where they cross and three where they do not", "[fit]") {
  // w0 = 20 and w0 * wm = 44 cross at wm = 2.2.
  const std::vector<WidthTie> ties = {At(0, 20), At(1, 44)};
  CHECK(Set(Sides(ties, {18, 22}, {2.1, 2.3})) == std::vector<size_t>{0, 1, 2, 3});
  // From wm = 2.21 on level 1 is always above its tie where level 0 is: 20 * 2.21 > 44.
  CHECK(Set(Sides(ties, {18, 22}, {2.21, 2.3})) == std::vector<size_t>{0, 2, 3});
  CHECK(Set(Sides(ties, {18, 22}, {2.1, 2.19})) == std::vector<size_t>{0, 1, 3});
}

TEST_CASE("ties out of a box's reach have one side", "[fit]") {
  CHECK(Set(Sides({At(0, 20), At(1, 44)}, {21, 22}, {2.2, 2.3})) == std::vector<size_t>{3});
  CHECK(Set(Sides({At(0, 20), At(1, 44)}, {19, 19.9}, {2.2, 2.3})) == std::vector<size_t>{0, 2});
}

TEST_CASE("at wm = 3 from below, levels exceed 12, 36, 108 in the order of the levels", "[fit]") {
  const std::vector<WidthTie> ties = {At(0, 12), At(1, 36), At(2, 108)};
  CHECK(Set(Sides(ties, {11, 13}, {2.9, 3})) == std::vector<size_t>{0, 1, 3, 7});
  CHECK(Set(Sides(ties, {11, 13}, {3, 3.1})) == std::vector<size_t>{0, 4, 6, 7});
}

TEST_CASE("a box with one wm allows all sides", "[fit]") {
  CHECK(Sides({At(0, 12), At(1, 36)}, {11, 13}, {3, 3}).all());
}

TEST_CASE("what random points meet is possible, and hardly more", "[fit]") {
  RandomStream random(StreamKey(1, "ties"), 0);
  int possible_sides = 0;
  int met_sides = 0;
  for (int round = 0; round < 200; ++round) {
    const double w0 = random.Uniform(20, 200);
    const double wm = random.Uniform(1.5, 2.8);
    const FitBox::Range w0_range{w0, w0 * 1.2};
    const FitBox::Range wm_range{wm, wm * 1.1};
    std::vector<WidthTie> ties;
    for (size_t level = round % 2; level < 5; ++level) {
      const double middle = w0 * 1.1 * std::pow(wm * 1.05, level);
      ties.push_back(At(level, middle * random.Uniform(0.9, 1.1)));
    }
    const TieSides possible = Sides(ties, w0_range, wm_range);
    TieSides met;
    for (int i = 0; i < 4000; ++i) {
      const double x = std::log(random.Uniform(w0_range.low, w0_range.high));
      const double m = std::log(random.Uniform(wm_range.low, wm_range.high));
      size_t sides = 0;
      for (size_t t = 0; t < ties.size(); ++t) {
        if (x + static_cast<double>(ties[t].level) * m > ties[t].log_width) sides |= size_t{1} << t;
      }
      met.set(sides);
    }
    CHECK((met & ~possible).none());
    possible_sides += static_cast<int>(possible.count());
    met_sides += static_cast<int>(met.count());
  }
  CHECK(met_sides > 0.9 * possible_sides);  // points miss small strips
}

}  // namespace
}  // namespace dse::width_ties_test
