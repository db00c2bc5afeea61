#include "analysis/fit/fit_bound.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "core/regnet.h"
#include "core/rng.h"
#include "tests/support/random_widths.h"

namespace dse::fit_bound_test {
namespace {

constexpr double kAlways = INFINITY;  // work hard for every bound

double Error(const std::vector<int>& observed, double w0, double wa, double wm) {
  std::vector<int> widths(observed.size());
  std::vector<int> levels(observed.size());
  RegNetBlockWidths(w0, wa, wm, widths, levels);
  double sum = 0;
  for (size_t j = 0; j < observed.size(); ++j) {
    sum += std::fabs(std::log(double(widths[j]) / observed[j]));
  }
  return sum / static_cast<double>(observed.size());
}

// A box of random place whose sides are `size` long, relatively.
FitBox RandomBox(RandomStream& random, double size) {
  const double w0 = std::exp(random.Uniform(std::log(8), std::log(256)));
  const double slope = std::exp(random.Uniform(std::log(1.0 / 32), std::log(32)));
  const double root = random.Uniform(std::sqrt(1.5), std::sqrt(3));
  return {{w0, w0 * (1 + size)}, {slope, slope * (1 + size)}, {root, root * (1 + size / 4)}};
}

TEST_CASE("no point of a box is below its bound", "[fit]") {
  RandomStream random(StreamKey(1, "bound"), 0);
  int close = 0;
  for (int round = 0; round < 4000; ++round) {
    const std::vector<int> widths = RandomWidths(random, round % 4, 8);
    FitBound bound(widths);
    const FitBox box = RandomBox(random, std::pow(10, -random.Uniform(0, 4)));
    const double least = bound.Of(box, round % 2 == 0 ? kAlways : 0).e_fit;
    double smallest = INFINITY;
    for (int i = 0; i < 60; ++i) {
      const double w0 = random.Uniform(box.w0.low, box.w0.high);
      const double slope = random.Uniform(box.slope.low, box.slope.high);
      const double root = random.Uniform(box.root.low, box.root.high);
      smallest = std::min(smallest, Error(widths, w0, slope * w0, root * root));
    }
    CHECK(least <= smallest + 1e-12);
    close += least >= smallest - 1e-12 ? 1 : 0;
  }
  CHECK(close > 2000);  // small boxes are mostly bounded by what they reach
}

TEST_CASE("a box that nothing divides has the error of its points", "[fit]") {
  // 48 and 48 * 2.1 = 100.8, so 104; blocks from j = 1 on are on level 1 for slope 0.6 (1.6 lies
  // between sqrt(2.1) = 1.449 and 2.1^1.5 = 3.04), j = 3 still (2.8).
  FitBound bound(std::vector<int>{48, 104, 104, 100});
  const double root = std::sqrt(2.1);
  const FitBox box = {{47.9, 48.1}, {0.6, 0.61}, {root, root + 1e-4}};
  const FitBound::Value value = bound.Of(box, kAlways);
  CHECK_FALSE(value.widths_open);
  CHECK_FALSE(value.levels_open);
  CHECK(value.e_fit == Approx(std::log(1.04) / 4).margin(1e-14));
}

TEST_CASE("open widths and levels are told", "[fit]") {
  FitBound bound(std::vector<int>{48, 104, 104, 100});
  const double root = std::sqrt(2.1);
  // w0 = 52 lies between 48 and 56.
  const FitBound::Value widths =
      bound.Of({{51.9, 52.1}, {0.6, 0.61}, {root, root + 1e-4}}, kAlways);
  CHECK(widths.widths_open);
  CHECK_FALSE(widths.levels_open);
  // Block 1 goes to level 1 at slope sqrt(2.1) - 1 = 0.449.
  const FitBound::Value levels =
      bound.Of({{47.9, 48.1}, {0.44, 0.46}, {root, root + 1e-4}}, kAlways);
  CHECK_FALSE(levels.widths_open);
  CHECK(levels.levels_open);
}

TEST_CASE("blocks of one level share its width", "[fit]") {
  // Both on level 0, which is 48 or 56 wide: either block fits, not both.
  FitBound bound(std::vector<int>{48, 56});
  const FitBox box = {{51.9, 52.1}, {0.1, 0.11}, {1.4, 1.41}};
  CHECK(bound.Of(box, kAlways).e_fit == Approx(std::log(56.0 / 48) / 2).margin(1e-14));
}

TEST_CASE("at given w0 and wm only the slope is free", "[fit]") {
  // 12, 36, 108 tie; half-even makes 16, 32, 112 of them. Level 1 lasts from 3^0.5 = 1.73 to 3^1.5
  // = 5.196, level 2 to 15.6; slopes 4..4.1 give 5..5.1, 9..9.2 and 13..13.3.
  FitBound bound(std::vector<int>{16, 32, 112, 112});
  const double root = std::sqrt(3.0);
  const FitBound::Value value = bound.OfSlopes(12, 3, {{12, 12}, {4, 4.1}, {root, root}});
  CHECK_FALSE(value.widths_open);
  CHECK_FALSE(value.levels_open);
  CHECK(value.e_fit == 0);
}

}  // namespace
}  // namespace dse::fit_bound_test
