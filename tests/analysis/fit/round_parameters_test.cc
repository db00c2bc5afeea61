#include "analysis/fit/round_parameters.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "core/regnet.h"
#include "core/rng.h"

namespace dse::round_parameters_test {
namespace {

std::vector<int> WidthsOf(const Fit& fit, int depth) {
  std::vector<int> widths(static_cast<size_t>(depth));
  std::vector<int> levels(widths.size());
  RegNetBlockWidths(fit.w0, fit.wa, fit.wm, widths, levels);
  return widths;
}

TEST_CASE("round parameters keep the widths, the ranges and the error", "[fit]") {
  RandomStream random(StreamKey(1, "round"), 0);
  int rounder = 0;
  for (int round = 0; round < 2000; ++round) {
    const Fit fit = {std::exp(random.Uniform(std::log(8), std::log(256))),
                     std::exp(random.Uniform(std::log(8), std::log(256))), random.Uniform(1.5, 3),
                     random.Uniform()};
    const int depth = 1 + static_cast<int>(random.Below(40));
    const Fit found = RoundParameters(fit, depth);
    CAPTURE(fit.w0, fit.wa, fit.wm, depth);
    CHECK(WidthsOf(found, depth) == WidthsOf(fit, depth));
    CHECK(found.e_fit == fit.e_fit);
    CHECK((found.w0 >= 8 && found.w0 <= 256 && found.wa >= 8 && found.wa <= 256));
    CHECK((found.wm >= 1.5 && found.wm <= 3));
    const auto whole = [](double value) { return std::fabs(value - std::round(value)) < 1e-9; };
    rounder += whole(found.w0 * 100) && whole(found.wm * 1e5) ? 1 : 0;
  }
  CHECK(rounder > 1950);
}

TEST_CASE("the coarsest grid with a point of the cell wins", "[fit]") {
  // One block: w0 alone matters, and 45 makes 48.
  CHECK(RoundParameters({45, 123.4, 2.345, 0.25}, 1) == Fit{48, 132, 2.3, 0.25});
  // 64, 64 * 2.345 = 150.08, so 152, which 64 * 2.3 = 147.2 and 64 * 2.4 = 153.6 tell apart: 144
  // and 152. With wm = 2.4 block 1 is on level 1 for wa from 64 * (sqrt(2.4) - 1) = 35.15 to 64 *
  // (2.4^1.5 - 1) = 173.96, the middle of which is 104.55.
  CHECK(RoundParameters({64, 50.03, 2.345, 0}, 2) == Fit{64, 105, 2.4, 0});
}

TEST_CASE("parameters that are round stay if no others are rounder", "[fit]") {
  const Fit fit = {24, 39, 2.49, 0};
  CHECK(WidthsOf(RoundParameters(fit, 13), 13) == WidthsOf(fit, 13));
  CHECK(RoundParameters(RoundParameters(fit, 13), 13) == RoundParameters(fit, 13));
}

}  // namespace
}  // namespace dse::round_parameters_test
