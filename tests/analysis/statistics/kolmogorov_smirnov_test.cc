#include "analysis/statistics/kolmogorov_smirnov.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <vector>

#include "core/error.h"
#include "core/rng.h"

namespace dse::kolmogorov_smirnov_test {
namespace {

using Sample = std::vector<double>;

// Largest distance of the EDFs, straight from the definition, in units of 1/(n m).
int64_t DistanceByDefinition(const Sample& a, const Sample& b) {
  int64_t largest = 0;
  for (const Sample* sample : {&a, &b}) {
    for (double x : *sample) {
      const auto up_to = [x](const Sample& s) {
        return std::count_if(s.begin(), s.end(), [x](double v) { return v <= x; });
      };
      const auto n = static_cast<int64_t>(a.size());
      const auto m = static_cast<int64_t>(b.size());
      largest = std::max<int64_t>(largest, std::abs(up_to(a) * m - up_to(b) * n));
    }
  }
  return largest;
}

// The share of all ways to choose a.size() of the pooled values whose distance is as large.
double PValueByEnumeration(const Sample& a, const Sample& b) {
  Sample pool = a;
  pool.insert(pool.end(), b.begin(), b.end());
  const int64_t seen = DistanceByDefinition(a, b);
  int64_t all = 0;
  int64_t reached = 0;
  for (uint32_t mask = 0; mask < (1u << pool.size()); ++mask) {
    if (static_cast<size_t>(__builtin_popcount(mask)) != a.size()) continue;
    Sample first;
    Sample second;
    for (size_t i = 0; i < pool.size(); ++i) {
      ((mask >> i & 1u) != 0 ? first : second).push_back(pool[i]);
    }
    ++all;
    reached += DistanceByDefinition(first, second) >= seen ? 1 : 0;
  }
  return static_cast<double>(reached) / static_cast<double>(all);
}

TEST_CASE("small samples have the p-values counted by hand", "[ks]") {
  // Counted over all divisions of the pooled values by a separate program (Python, itertools).
  struct Case {
    Sample a, b;
    double statistic, p_value;
  };
  const Case cases[] = {{{1, 2, 3}, {4, 5, 6}, 1, 2.0 / 20},
                        {{1, 2, 4, 7}, {3, 5, 6, 8, 9}, 0.55, 54.0 / 126},
                        {{1, 1, 2, 3}, {2, 2, 3, 3, 4}, 0.5, 44.0 / 126},
                        {{5, 5, 5}, {5, 5}, 0, 1},
                        {{10, 10, 11, 12, 12, 13}, {12, 13, 13, 14, 14}, 19.0 / 30, 37.0 / 462}};
  for (const Case& c : cases) {
    const KsTest test = TestKolmogorovSmirnov(c.a, c.b);
    CHECK(test.statistic == Approx(c.statistic).epsilon(1e-14));
    CHECK(test.p_value == Approx(c.p_value).epsilon(1e-12));
    CHECK(test.method == KsMethod::kExact);
  }
}

TEST_CASE("the exact p-value is that of all permutations, ties included", "[ks]") {
  RandomStream random(StreamKey(1, "ks"), 0);
  for (int round = 0; round < 60; ++round) {
    Sample a(1 + random.Below(6));
    Sample b(1 + random.Below(6));
    const uint64_t distinct = 2 + random.Below(12);
    for (double& v : a) v = static_cast<double>(random.Below(distinct));
    for (double& v : b) v = static_cast<double>(random.Below(distinct));
    CAPTURE(a, b);
    CHECK(TestKolmogorovSmirnov(a, b).p_value == Approx(PValueByEnumeration(a, b)).epsilon(1e-12));
  }
}

// Counts the ways through the grid of (i of a, j of b) dealt that stay below the distance wherever
// a group of equal values ends, at every point of the grid.
double PValueByPaths(const Sample& a, const Sample& b) {
  Sample pool = a;
  pool.insert(pool.end(), b.begin(), b.end());
  std::sort(pool.begin(), pool.end());
  const auto n = static_cast<int64_t>(a.size());
  const auto m = static_cast<int64_t>(b.size());
  const int64_t seen = DistanceByDefinition(a, b);
  std::vector<Sample> all(a.size() + 1, Sample(b.size() + 1));
  std::vector<Sample> below = all;
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      const auto from_neighbours = [i, j](const std::vector<Sample>& ways) {
        if (i + j == 0) return 1.0;
        return (i > 0 ? ways[i - 1][j] : 0) + (j > 0 ? ways[i][j - 1] : 0);
      };
      const size_t t = i + j;
      const bool compared = t > 0 && (t == pool.size() || pool[t - 1] != pool[t]);
      const bool reached =
          compared && std::abs(static_cast<int64_t>(i) * m - static_cast<int64_t>(j) * n) >= seen;
      all[i][j] = from_neighbours(all);
      below[i][j] = reached ? 0 : from_neighbours(below);
    }
  }
  return 1 - below.back().back() / all.back().back();
}

TEST_CASE("the exact p-value is that of all paths for larger samples with ties", "[ks]") {
  RandomStream random(StreamKey(2, "ks"), 0);
  for (int round = 0; round < 40; ++round) {
    Sample a(20 + random.Below(40));
    Sample b(20 + random.Below(40));
    const uint64_t distinct = 2 + random.Below(60);
    const uint64_t shift = random.Below(1 + distinct / 3);
    for (double& v : a) v = static_cast<double>(random.Below(distinct));
    for (double& v : b) v = static_cast<double>(random.Below(distinct) + shift);
    CAPTURE(a, b);
    CHECK(TestKolmogorovSmirnov(a, b).p_value ==
          Approx(PValueByPaths(a, b)).epsilon(1e-9).margin(1e-13));
  }
}

Sample Steps(int n, double step, double offset) {
  Sample sample;
  for (int i = 1; i <= n; ++i) sample.push_back(step * i + offset);
  return sample;
}

TEST_CASE("exact and asymptotic agree with SciPy on samples of 40 and 30", "[ks]") {
  // SciPy 1.17.1: ks_2samp(arange(1, 41), arange(1, 31) * 1.3 + 5.05, method="exact")
  const Sample a = Steps(40, 1, 0);
  const Sample b = Steps(30, 1.3, 5.05);
  const KsTest exact = TestKolmogorovSmirnov(a, b);
  CHECK(exact.statistic == Approx(0.15).epsilon(1e-14));
  CHECK(exact.p_value == Approx(0.789787756596251).epsilon(1e-11));
  const KsTest limit = TestKolmogorovSmirnov(a, b, 1199);
  CHECK(limit.method == KsMethod::kAsymptotic);
  CHECK(limit.statistic == exact.statistic);
  // special.kolmogorov(0.15 * sqrt(1200 / 70))
  CHECK(limit.p_value == Approx(KolmogorovTail(0.6210590034081187)).epsilon(1e-12));
  CHECK(TestKolmogorovSmirnov(a, b, 1200).method == KsMethod::kExact);
}

TEST_CASE("samples too large for the exact law say so", "[ks]") {
  const Sample a = Steps(4000, 1, 0);
  const Sample b = Steps(4000, 1, 100);
  const KsTest test = TestKolmogorovSmirnov(a, b);
  CHECK(test.method == KsMethod::kAsymptotic);
  CHECK(test.statistic == Approx(0.025).epsilon(1e-12));
}

TEST_CASE("Kolmogorov's limit distribution has its known values", "[ks]") {
  // SciPy 1.17.1, special.kolmogorov
  const double known[][2] = {{0.3, 0.9999906941986655},   {0.5, 0.9639452436648751},
                             {0.8, 0.5441424115741981},   {1.0, 0.26999967167735456},
                             {1.2, 0.11224966667072497},  {2.0, 0.0006709252557796953},
                             {3.0, 3.045995948942526e-08}};
  for (const auto& [x, p] : known) CHECK(KolmogorovTail(x) == Approx(p).epsilon(1e-12));
  CHECK(KolmogorovTail(0) == 1);
}

TEST_CASE("far apart samples keep a small p-value exact", "[ks]") {
  // Complete separation: 2 of C(100, 50) = 1.0089134e29 divisions (OEIS A000984, n = 50).
  const KsTest test = TestKolmogorovSmirnov(Steps(50, 1, 0), Steps(50, 1, 1000));
  CHECK(test.statistic == 1);
  CHECK(test.p_value == Approx(2 / 1.0089134454556419e29).epsilon(1e-9));
}

TEST_CASE("large samples of equal size have the p-values of Gnedenko and Korolyuk", "[ks]") {
  // Without ties P(n D >= c) = 2 sum (-1)^(k+1) C(2n, n - k c) / C(2n, n); for b = a + c - 1/2 of
  // whole numbers the statistic is c / n.
  for (int n : {60, 1000}) {
    for (int c : {1, 2, 7, 30, 55}) {
      double expected = 0;
      for (int k = 1; k * c <= n; ++k) {
        double log_ratio = 0;
        for (int i = 0; i < k * c; ++i) {
          log_ratio += std::log(static_cast<double>(n - i)) - std::log(n + k * c - i);
        }
        expected += (k % 2 == 1 ? 2 : -2) * std::exp(log_ratio);
      }
      const KsTest test = TestKolmogorovSmirnov(Steps(n, 1, 0), Steps(n, 1, c - 0.5));
      CAPTURE(n, c);
      CHECK(test.statistic == Approx(static_cast<double>(c) / n).epsilon(1e-12));
      CHECK(test.p_value == Approx(expected).epsilon(1e-10));
    }
  }
}

TEST_CASE("the test does not depend on the order of samples or values", "[ks]") {
  const Sample a = {3, 1, 2, 2};
  const Sample reversed = {2, 2, 1, 3};
  const Sample b = {2, 4, 5};
  CHECK(TestKolmogorovSmirnov(a, b).p_value == TestKolmogorovSmirnov(reversed, b).p_value);
  CHECK(TestKolmogorovSmirnov(a, b).p_value ==
        Approx(TestKolmogorovSmirnov(b, a).p_value).epsilon(1e-13));
  CHECK(a == Sample{3, 1, 2, 2});
}

TEST_CASE("an empty or broken sample cannot be tested", "[ks]") {
  CHECK_THROWS_AS(TestKolmogorovSmirnov({}, Sample{1}), Error);
  CHECK_THROWS_AS(TestKolmogorovSmirnov(Sample{1}, {}), Error);
  CHECK_THROWS_AS(
      TestKolmogorovSmirnov(Sample{1}, Sample{std::numeric_limits<double>::quiet_NaN()}), Error);
}

}  // namespace
}  // namespace dse::kolmogorov_smirnov_test
