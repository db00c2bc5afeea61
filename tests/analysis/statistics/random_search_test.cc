#include "analysis/statistics/random_search.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "analysis/statistics/sample_statistics.h"
#include "core/error.h"
#include "core/rng.h"

namespace dse::random_search_test {
namespace {

using Sample = std::vector<double>;

Sample Whole(int n, double step) {
  Sample values;
  for (int i = n; i >= 1; --i) values.push_back(step * i);
  return values;
}

TEST_CASE("the smallest of two of four errors, by hand", "[random_search]") {
  // Of the 6 pairs of {1, 2, 4, 8}, 3 have the smallest error 1, 2 have 2 and 1 has 4: mean 11/6.
  const Sample errors = {4, 1, 8, 2};
  const std::vector<SearchPoint> curve = RandomSearchCurve(errors);
  REQUIRE(curve.size() == 4);
  CHECK(curve[1].models == 2);
  CHECK(curve[1].expected == Approx(11.0 / 6).epsilon(1e-14));
  CHECK(curve[1].low == 1);
  CHECK(curve[1].high == 4);
  // at 60% the quantiles are those of 0.2 and 0.8: cumulative weights 1/2, 5/6, 1
  const std::vector<SearchPoint> narrow = RandomSearchCurve(errors, 0.6);
  CHECK(narrow[1].low == 1);
  CHECK(narrow[1].high == 2);
  CHECK(curve[0].expected == Approx(15.0 / 4).epsilon(1e-14));
  CHECK(curve[0].high == 8);
  CHECK(curve[3].expected == 1);
  CHECK(curve[3].low == 1);
  CHECK(curve[3].high == 1);
  CHECK(errors == Sample{4, 1, 8, 2});
}

// Every choice of k of the errors, one by one.
SearchPoint ByEnumeration(const Sample& errors, int k) {
  Sample smallest;
  for (uint32_t mask = 0; mask < (1u << errors.size()); ++mask) {
    if (__builtin_popcount(mask) != k) continue;
    double least = std::numeric_limits<double>::infinity();
    for (size_t i = 0; i < errors.size(); ++i) {
      if ((mask >> i & 1u) != 0) least = std::min(least, errors[i]);
    }
    smallest.push_back(least);
  }
  return {k, Mean(smallest), Quantile(smallest, 0.025), Quantile(smallest, 0.975)};
}

TEST_CASE("the curve is that of all choices, ties included", "[random_search]") {
  RandomStream random(StreamKey(1, "random search"), 0);
  for (int round = 0; round < 40; ++round) {
    Sample errors(1 + random.Below(11));
    for (double& error : errors) error = static_cast<double>(random.Below(8));
    const std::vector<SearchPoint> curve = RandomSearchCurve(errors);
    REQUIRE(curve.size() == errors.size());
    for (const SearchPoint& point : curve) {
      const SearchPoint expected = ByEnumeration(errors, static_cast<int>(point.models));
      CAPTURE(errors, point.models);
      CHECK(point.expected == Approx(expected.expected).epsilon(1e-12).margin(1e-12));
      CHECK(point.low == expected.low);
      CHECK(point.high == expected.high);
    }
  }
}

TEST_CASE("the smallest of k of the numbers 1..n is (n + 1) / (k + 1) on average",
          "[random_search]") {
  // The expected smallest of k of 1..n drawn without replacement; here n = 100,000 numbers n/1000.
  constexpr int kModels = 100'000;
  const std::vector<SearchPoint> curve = RandomSearchCurve(Whole(kModels, 0.001));
  REQUIRE(curve.size() > 256);
  for (const SearchPoint& point : curve) {
    CHECK(point.expected ==
          Approx(0.001 * (kModels + 1.0) / static_cast<double>(point.models + 1)).epsilon(1e-10));
    CHECK(point.low <= point.expected);
    CHECK(point.high >= 0.001);
  }
  // For one model the law is uniform: ranks 2,500 and 97,500.
  CHECK(curve.front().low == 2500 * 0.001);
  CHECK(curve.front().high == 97'500 * 0.001);
  // P(both of two behind rank r) = C(n-r, 2) / C(n, 2) <= 0.025 first at r = 84,189
  const auto behind = [](double r) {
    const double n = kModels;
    return (n - r) * (n - r - 1) / (n * (n - 1));
  };
  const double rank = std::round(curve[1].high / 0.001);
  CHECK(behind(rank) <= 0.025);
  CHECK(behind(rank - 1) > 0.025);
}

TEST_CASE("a curve has each size up to 256, then 32 for each doubling, then all",
          "[random_search]") {
  const std::vector<SearchPoint> curve = RandomSearchCurve(Whole(1000, 1));
  for (size_t i = 0; i < 256; ++i) CHECK(curve[i].models == static_cast<int64_t>(i) + 1);
  CHECK(curve[256].models == 262);  // 256 * 2^(1/32) = 261.61
  CHECK(curve[256 + 31].models == 512);
  CHECK(curve.back().models == 1000);
  CHECK(curve.size() == 256 + 62 + 1);  // 256 * 2^(62/32) = 980.6; the next would be 1002
  CHECK(curve.back().expected == 1);
  CHECK(RandomSearchCurve(Whole(256, 1)).size() == 256);
  CHECK(RandomSearchCurve(Whole(257, 1)).back().models == 257);
  for (size_t i = 1; i < curve.size(); ++i) {
    CHECK(curve[i].models > curve[i - 1].models);
    CHECK(curve[i].expected < curve[i - 1].expected);
  }
}

TEST_CASE("one model leaves nothing to search and none is refused", "[random_search]") {
  const std::vector<SearchPoint> curve = RandomSearchCurve(Sample{7.5});
  REQUIRE(curve.size() == 1);
  CHECK(curve[0].expected == 7.5);
  CHECK(curve[0].low == 7.5);
  CHECK(curve[0].high == 7.5);
  CHECK_THROWS_AS(RandomSearchCurve({}), Error);
  CHECK_THROWS_AS(RandomSearchCurve(Sample{1, std::nan("")}), Error);
}

}  // namespace
}  // namespace dse::random_search_test
