#include "analysis/statistics/power.h"

#include <boost/math/special_functions/beta.hpp>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "analysis/statistics/kolmogorov_smirnov.h"
#include "analysis/statistics/proportion.h"
#include "core/error.h"
#include "core/rng.h"

namespace dse::power_test {
namespace {

using Sample = std::vector<double>;

Sample NormalSample(size_t n, double mean, uint64_t stream) {
  RandomStream random(StreamKey(9, "power"), stream);
  Sample sample;
  for (size_t i = 0; i < n; ++i) sample.push_back(mean + random.Normal());
  return sample;
}

TEST_CASE("critical values of the test for equal sizes are those of the tables", "[power]") {
  // P(n D >= c), from binomial coefficients: n = 5: 2/252 at 5, 20/252 at 4. n = 10: 0.0123 at 7,
  // 0.0524 at 6. n = 20: 0.0335 at 9, 0.0811 at 8.
  CHECK(PowerCriticalValue(4) == 4);  // 2/70
  CHECK(PowerCriticalValue(5) == 5);
  CHECK(PowerCriticalValue(10) == 7);
  CHECK(PowerCriticalValue(20) == 9);
  // In the limit c = 1.358099 sqrt(2 n), where Kolmogorov's tail is 5%.
  for (int64_t n : {1000, 10'000, 100'000}) {
    CHECK(static_cast<double>(PowerCriticalValue(n)) ==
          Approx(1.358099 * std::sqrt(2.0 * static_cast<double>(n))).margin(1.5));
  }
}

TEST_CASE("critical values are where the exact test first rejects", "[power]") {
  for (int64_t n = 5; n <= 60; n += 5) {
    const auto p_value_at = [n](int64_t c) {  // samples of whole numbers with n D = c
      Sample a;
      Sample b;
      for (int64_t i = 0; i < n; ++i) {
        a.push_back(static_cast<double>(i));
        b.push_back(static_cast<double>(i + c) - 0.5);
      }
      return TestKolmogorovSmirnov(a, b).p_value;
    };
    const int64_t c = PowerCriticalValue(n);
    CHECK(p_value_at(c) <= 0.05);
    CHECK(p_value_at(c - 1) > 0.05);
  }
}

TEST_CASE("spaces that do not overlap are told apart by five models each", "[power]") {
  const PowerCurve curve = ComparisonPower(Sample{1, 2, 3}, Sample{10, 11}, 1, "x");
  REQUIRE(curve.points.size() == 1);
  CHECK(curve.points[0].models == 5);
  CHECK(curve.points[0].power == ClopperPearson(1000, 1000));
  REQUIRE(curve.models_for_80);
  CHECK(*curve.models_for_80 == 5);
}

void CheckCoin(const PowerCurve& curve) {
  const int64_t ladder[] = {5, 7, 10, 14, 20, 28, 40, 57};
  REQUIRE(curve.points.size() > 5);
  double previous = 0;
  for (size_t i = 0; i < curve.points.size(); ++i) {
    const int64_t n = curve.points[i].models;
    CHECK(n == ladder[i]);
    const auto c = static_cast<double>(PowerCriticalValue(n));
    const double expected = boost::math::ibeta(c, static_cast<double>(n) - c + 1, 0.5);
    const Interval& power = curve.points[i].power;
    CAPTURE(n);
    CHECK(std::fabs(power.point - expected) <=
          4 * std::sqrt(expected * (1 - expected) / kPowerDraws) + 1e-9);
    CHECK(power.low <= power.point);
    CHECK(power.high >= power.point);
    CHECK(previous < 0.99);  // the first of 99% is the last
    previous = power.point;
  }
  CHECK(curve.points.back().power.point >= 0.99);
}

TEST_CASE("power is that of the binomial law where it is known", "[power]") {
  // All errors of one space are 0, those of the other 0 or 1 with 1/2 each: n D is the number of
  // its ones, so the test rejects with P(Bin(n, 1/2) >= c) = I_{1/2}(c, n - c + 1).
  CheckCoin(ComparisonPower(Sample{0, 0}, Sample{0, 1}, 3, "coin"));
  CheckCoin(ComparisonPower(Sample{1, 0}, Sample{0}, 3, "coin of a"));
}

TEST_CASE("the models for 80% lie on the line between two points in the logarithm", "[power]") {
  const PowerCurve curve = ComparisonPower(NormalSample(300, 0, 0), NormalSample(300, 1, 1), 4, "");
  REQUIRE(curve.models_for_80);
  size_t above = 0;
  while (curve.points[above].power.point < 0.8) ++above;
  REQUIRE(above > 0);
  const PowerPoint& low = curve.points[above - 1];
  const PowerPoint& high = curve.points[above];
  const auto power_at = [&](int64_t n) {
    const double share =
        std::log(static_cast<double>(n) / static_cast<double>(low.models)) /
        std::log(static_cast<double>(high.models) / static_cast<double>(low.models));
    return low.power.point + share * (high.power.point - low.power.point);
  };
  CHECK(power_at(*curve.models_for_80) >= 0.8 - 1e-6);
  CHECK(power_at(*curve.models_for_80 - 1) < 0.8);
  // Power of this test for normal samples one standard deviation apart: 80% near n = 22..30.
  CHECK(*curve.models_for_80 >= 15);
  CHECK(*curve.models_for_80 <= 40);
}

// The same question put to the test itself, with plain draws and no cells.
double PowerByTests(const Sample& a, const Sample& b, size_t n, int rounds) {
  RandomStream random(StreamKey(10, "by tests"), n);
  int rejected = 0;
  for (int round = 0; round < rounds; ++round) {
    Sample from_a(n);
    Sample from_b(n);
    for (double& value : from_a) value = a[random.Below(a.size())];
    for (double& value : from_b) value = b[random.Below(b.size())];
    const double statistic = TestKolmogorovSmirnov(from_a, from_b, 0).statistic;
    const auto critical = static_cast<double>(PowerCriticalValue(static_cast<int64_t>(n)));
    rejected += statistic * static_cast<double>(n) >= critical - 0.5 ? 1 : 0;
  }
  return static_cast<double>(rejected) / rounds;
}

TEST_CASE("power is the share of drawn samples that the test rejects, ties included", "[power]") {
  Sample a = NormalSample(80, 0, 2);
  Sample b = NormalSample(50, 0.5, 3);
  for (double& value : a) value = std::round(value * 10) / 10;  // many ties, within and across
  for (double& value : b) value = std::round(value * 10) / 10;
  const PowerCurve curve = ComparisonPower(a, b, 5, "ties");
  for (size_t i : {2u, 4u, 6u}) {
    REQUIRE(curve.points.size() > i);
    const auto n = static_cast<size_t>(curve.points[i].models);
    CHECK(curve.points[i].power.point ==
          Approx(PowerByTests(a, b, n, 4000)).margin(0.07));  // sd of the two below 0.018
  }
}

TEST_CASE("equal spaces are taken for different in no more than 5% of draws", "[power]") {
  const Sample a = NormalSample(400, 0, 4);
  const PowerCurve curve = ComparisonPower(a, a, 6, "same");
  CHECK(curve.points.back().models == 1000);
  CHECK_FALSE(curve.models_for_80);
  for (const PowerPoint& point : curve.points) CHECK(point.power.low < 0.05);
  // of 20 models of each, few are drawn twice: the exact size, 3.35%
  CHECK(curve.points[4].power.point == Approx(0.0335).margin(0.023));
  CHECK(curve.points.size() == 17);  // 5 * 2^(15/2) = 905, then the limit
  const Sample large = NormalSample(1500, 0, 5);
  CHECK(ComparisonPower(large, large, 6, "same").points.back().models == 1500);
}

TEST_CASE("power repeats with seed and purpose and leaves its input", "[power]") {
  const Sample a = {3, 1, 2, 5, 4};
  const Sample b = {4, 6, 2.5};
  const auto powers = [&](uint64_t seed, const char* purpose) {
    Sample values;
    for (const PowerPoint& point : ComparisonPower(a, b, seed, purpose).points) {
      values.push_back(point.power.point);
    }
    return values;
  };
  CHECK(powers(1, "x") == powers(1, "x"));
  CHECK(powers(1, "x") != powers(2, "x"));
  CHECK(powers(1, "x") != powers(1, "y"));
  CHECK(a == Sample{3, 1, 2, 5, 4});
  CHECK_THROWS_AS(ComparisonPower({}, a, 1, ""), Error);
  CHECK_THROWS_AS(ComparisonPower(a, Sample{std::numeric_limits<double>::infinity()}, 1, ""),
                  Error);
}

}  // namespace
}  // namespace dse::power_test
