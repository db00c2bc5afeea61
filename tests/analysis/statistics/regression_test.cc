#include "analysis/statistics/regression.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "core/error.h"
#include "core/rng.h"

namespace dse::regression_test {
namespace {

using Sample = std::vector<double>;

const Sample kGigaflops = {0.36, 0.8, 1.6, 3.2, 4.0, 6.4, 8.0, 12.0};

void CheckInterval(const Interval& interval, double point, double low, double high) {
  CHECK(interval.point == Approx(point).epsilon(1e-11));
  CHECK(interval.low == Approx(low).epsilon(1e-10));
  CHECK(interval.high == Approx(high).epsilon(1e-10));
  CHECK(interval.level == 0.95);
}

// Expected numbers of the next three: NumPy 2.4.6 linalg.lstsq on the columns of the form, the
// covariance inv(X'X) s^2, SciPy 1.17.1 stats.t.ppf(0.975, n - p); the second also by
// stats.linregress.
TEST_CASE("activations against the square root of flops", "[regression]") {
  const Sample acts = {4.6, 5.1, 7.9, 11.4, 12.2, 16.4, 14.1, 21.4};
  const auto fit = FitTrend(TrendForm::kSqrt, kGigaflops, acts);
  REQUIRE(fit);
  CHECK(fit->n == 8);
  REQUIRE(fit->coefficients.size() == 1);
  CheckInterval(fit->coefficients[0], 5.984845873468319, 5.476699938971983, 6.492991807964655);
  CHECK(fit->r_squared == Approx(0.9490429107790157).epsilon(1e-12));
  CHECK(fit->residual_sd == Approx(1.2958008281340772).epsilon(1e-12));
  CHECK(PredictTrend(*fit, 4) == Approx(2 * 5.984845873468319).epsilon(1e-12));
}

TEST_CASE("parameters against flops", "[regression]") {
  const Sample params = {5.2, 7.3, 9.2, 15.3, 22.1, 26.2, 39.6, 46.1};
  const auto fit = FitTrend(TrendForm::kLinear, kGigaflops, params);
  REQUIRE(fit);
  REQUIRE(fit->coefficients.size() == 2);
  CheckInterval(fit->coefficients[0], 4.511738501713552, 0.48724454896320424, 8.5362324544639);
  CheckInterval(fit->coefficients[1], 3.710288558478868, 3.0282316771506776, 4.392345439807058);
  CHECK(fit->r_squared == Approx(0.9672450505638865).epsilon(1e-12));
  CHECK(fit->residual_sd == Approx(2.9666494992437054).epsilon(1e-12));
  CHECK(PredictTrend(*fit, 2) == Approx(4.511738501713552 + 2 * 3.710288558478868).epsilon(1e-12));
}

TEST_CASE("run time against flops and their square root", "[regression]") {
  const Sample ms = {10, 17, 33, 57, 69, 104, 113, 180};
  const auto fit = FitTrend(TrendForm::kLinearSqrt, kGigaflops, ms);
  REQUIRE(fit);
  REQUIRE(fit->coefficients.size() == 2);
  CheckInterval(fit->coefficients[0], 11.811473749978399, 9.252957144969855, 14.369990354986943);
  CheckInterval(fit->coefficients[1], 9.974065668428107, 2.892782190900757, 17.055349145955457);
  CHECK(fit->r_squared == Approx(0.9944645328463826).epsilon(1e-12));
  CHECK(fit->residual_sd == Approx(4.605125614045176).epsilon(1e-12));
}

TEST_CASE("a line through three points, by hand", "[regression]") {
  // (1, 1) (2, 3) (3, 2): slope 1/2, intercept 1; residuals -1/2, 1, -1/2: SSE 3/2 of 2, R^2 1/4.
  const auto fit = FitTrend(TrendForm::kLinear, Sample{1, 2, 3}, Sample{1, 3, 2});
  REQUIRE(fit);
  CHECK(fit->coefficients[0].point == Approx(1).epsilon(1e-13));
  CHECK(fit->coefficients[1].point == Approx(0.5).epsilon(1e-13));
  CHECK(fit->r_squared == Approx(0.25).epsilon(1e-13));
  CHECK(fit->residual_sd == Approx(std::sqrt(1.5)).epsilon(1e-13));
  // t of 1 degree at 95% is 12.7062; standard error of the slope sqrt(1.5 / 2)
  CHECK(fit->coefficients[1].high == Approx(0.5 + 12.706204736 * std::sqrt(0.75)).epsilon(1e-9));
}

TEST_CASE("exact trends are found exactly at any scale", "[regression]") {
  for (double scale : {1e-6, 1.0, 1e8}) {
    Sample f;
    Sample y;
    for (int i = 0; i < 20; ++i) {
      f.push_back(scale * (1 + 0.01 * i));  // a narrow band of flops
      y.push_back(7 - 3 * f.back() / scale);
    }
    const auto fit = FitTrend(TrendForm::kLinear, f, y);
    REQUIRE(fit);
    CHECK(fit->coefficients[0].point == Approx(7).epsilon(1e-10));
    CHECK(fit->coefficients[1].point == Approx(-3 / scale).epsilon(1e-10));
    CHECK(fit->r_squared == Approx(1).epsilon(1e-12));
  }
  // 2 f - 3 sqrt(f) at 1, 4, 9
  const auto exact = FitTrend(TrendForm::kLinearSqrt, Sample{1, 4, 9}, Sample{-1, 2, 9});
  REQUIRE(exact);
  CHECK(exact->coefficients[0].point == Approx(2));
  CHECK(exact->coefficients[1].point == Approx(-3));
}

TEST_CASE("intervals of coefficients hold their promise", "[regression]") {
  RandomStream random(StreamKey(7, "regression"), 0);
  int covered = 0;
  for (int study = 0; study < 1000; ++study) {
    Sample f;
    Sample y;
    for (int i = 0; i < 9; ++i) {
      f.push_back(random.Uniform(1, 4));
      y.push_back(3 + 5.5 * f.back() + random.Normal());
    }
    const Interval slope = FitTrend(TrendForm::kLinear, f, y)->coefficients[1];
    covered += slope.low <= 5.5 && 5.5 <= slope.high ? 1 : 0;
  }
  CHECK(covered >= 922);  // 950 expected, standard deviation 6.9
  CHECK(covered <= 978);
}

TEST_CASE("points that do not determine a trend have none", "[regression]") {
  CHECK_FALSE(FitTrend(TrendForm::kLinear, Sample{1, 2}, Sample{1, 2}));
  CHECK_FALSE(FitTrend(TrendForm::kSqrt, Sample{1}, Sample{1}));
  CHECK_FALSE(FitTrend(TrendForm::kSqrt, {}, {}));
  CHECK(FitTrend(TrendForm::kSqrt, Sample{4, 4}, Sample{1, 2}));
  CHECK_FALSE(FitTrend(TrendForm::kLinear, Sample{4e8, 4e8, 4e8}, Sample{1, 2, 3}));
  CHECK_FALSE(FitTrend(TrendForm::kLinearSqrt, Sample{4e8, 4e8, 4e8}, Sample{1, 2, 3}));
  CHECK_FALSE(FitTrend(TrendForm::kSqrt, Sample{0, 0, 0}, Sample{1, 2, 3}));
  CHECK_FALSE(FitTrend(TrendForm::kLinear, Sample{1, 2, 3}, Sample{0.1, 0.1, 0.1}));
  CHECK_THROWS_AS(FitTrend(TrendForm::kSqrt, Sample{1, 2}, Sample{1}), Error);
  CHECK_THROWS_AS(FitTrend(TrendForm::kSqrt, Sample{1, -2}, Sample{1, 2}), Error);
  CHECK_THROWS_AS(FitTrend(TrendForm::kLinear, Sample{1, std::nan("")}, Sample{1, 2}), Error);
}

TEST_CASE("a form that misses the level of the data says so by R^2 below zero", "[regression]") {
  // y = a sqrt(f) with f 1, 4, 9 and y 3, 2, 1: a = 10/14; SSE 14 - 100/14 = 6.857 against 2
  const auto fit = FitTrend(TrendForm::kSqrt, Sample{1, 4, 9}, Sample{3, 2, 1});
  REQUIRE(fit);
  CHECK(fit->coefficients[0].point == Approx(10.0 / 14).epsilon(1e-13));
  CHECK(fit->r_squared == Approx(1 - (14 - 100.0 / 14) / 2).epsilon(1e-13));
}

}  // namespace
}  // namespace dse::regression_test
