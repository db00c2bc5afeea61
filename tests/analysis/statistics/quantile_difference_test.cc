#include "analysis/statistics/quantile_difference.h"

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numeric>

#include "analysis/statistics/distribution_quantiles.h"
#include "analysis/statistics/sample_statistics.h"
#include "core/error.h"
#include "core/rng.h"

namespace dse::quantile_difference_test {
namespace {

using Sample = std::vector<double>;

Sample NormalSample(size_t n, double mean, uint64_t stream) {
  RandomStream random(StreamKey(8, "quantiles"), stream);
  Sample sample;
  for (size_t i = 0; i < n; ++i) sample.push_back(mean + random.Normal());
  return sample;
}

TEST_CASE("the quantile of a resample of two values, by hand", "[quantiles]") {
  // The median of two draws from {0, 1} (the smallest value that half of them reach) is 1 only if
  // both are: 3/4, 1/4. The 75% quantile is 0 only if both are: 1/4, 3/4.
  const QuantileLaws laws = LawsOf(Sample{1, 0});
  REQUIRE(laws.size() == kComparedPercents.size());
  CHECK(laws[3].q == 0.5);
  CHECK(laws[3].point == 0);
  CHECK(laws[3].values == Sample{0, 1});
  CHECK(laws[3].weights[0] == Approx(0.75).epsilon(1e-14));
  CHECK(laws[4].weights[0] == Approx(0.25).epsilon(1e-14));
  CHECK(laws[4].point == 1);
  CHECK(laws[4].cumulative.back() == 1);
}

TEST_CASE("the law of a resampled quantile is binomial", "[quantiles]") {
  // P(quantile <= x_(i)) = P(Bin(n, i/n) >= r) by the incomplete beta function, an independent way.
  for (size_t n : {1u, 3u, 20u, 61u, 400u, 5000u}) {
    Sample sample(n);
    std::iota(sample.begin(), sample.end(), 1.0);
    const QuantileLaws laws = LawsOf(sample);
    for (size_t k = 0; k < laws.size(); ++k) {
      const QuantileLaw& law = laws[k];
      const double size = static_cast<double>(n);
      const double r = std::ceil(size * kComparedPercents[k] / 100 - 1e-9);
      CHECK(law.point == r);
      double outside = 0;
      for (double i = 1; i <= size; i += n > 1000 ? 7 : 1) {
        const double expected = boost::math::ibeta(r, size - r + 1, i / size);
        const auto place = std::find(law.values.begin(), law.values.end(), i);
        if (place == law.values.end()) {
          outside = std::max(outside, std::min(expected, 1 - expected));
          continue;
        }
        CAPTURE(n, law.q, i);
        CHECK(law.cumulative[static_cast<size_t>(place - law.values.begin())] ==
              Approx(expected).epsilon(1e-11).margin(1e-13));
      }
      CHECK(outside < 1e-12);
      CHECK(std::accumulate(law.weights.begin(), law.weights.end(), 0.0) ==
            Approx(1).epsilon(1e-13));
    }
  }
}

// All pairs of values, sorted by difference.
double DifferenceByEnumeration(const QuantileLaw& a, const QuantileLaw& b, double p) {
  Sample differences;
  Sample weights;
  for (size_t i = 0; i < a.values.size(); ++i) {
    for (size_t j = 0; j < b.values.size(); ++j) {
      differences.push_back(a.values[i] - b.values[j]);
      weights.push_back(a.weights[i] * b.weights[j]);
    }
  }
  return WeightedQuantiles(differences, weights, std::span(&p, 1)).front();
}

TEST_CASE("limits of the difference are those of all pairs, ties included", "[quantiles]") {
  RandomStream random(StreamKey(2, "pairs"), 0);
  for (int round = 0; round < 40; ++round) {
    Sample a(1 + random.Below(40));
    Sample b(1 + random.Below(40));
    const uint64_t distinct = 1 + random.Below(50);
    for (double& v : a) v = static_cast<double>(random.Below(distinct)) / 7;
    for (double& v : b) v = static_cast<double>(random.Below(distinct)) / 7;
    const QuantileLaws laws_a = LawsOf(a);
    const QuantileLaws laws_b = LawsOf(b);
    const std::vector<QuantileDifference> differences = CompareQuantiles(laws_a, laws_b);
    for (size_t k = 0; k < differences.size(); ++k) {
      CAPTURE(a, b, differences[k].q);
      const Interval& interval = differences[k].difference;
      CHECK(interval.low == DifferenceByEnumeration(laws_a[k], laws_b[k], 0.025));
      CHECK(interval.high == DifferenceByEnumeration(laws_a[k], laws_b[k], 0.975));
      const double q = kComparedPercents[k] / 100.0;
      CHECK(interval.point == Quantile(a, q) - Quantile(b, q));
    }
  }
}

TEST_CASE("the exact limits are those of many resamples drawn", "[quantiles]") {
  const Sample a = NormalSample(60, 10, 0);
  const Sample b = NormalSample(90, 10.4, 1);
  RandomStream random(StreamKey(2, "resamples"), 0);
  const auto resampled_median = [&random](const Sample& sample) {
    Sample resample(sample.size());
    for (double& value : resample) value = sample[random.Below(sample.size())];
    return Quantile(resample, 0.5);
  };
  Sample differences(20'000);
  for (double& d : differences) d = resampled_median(a) - resampled_median(b);
  const Interval exact = CompareQuantiles(a, b)[3].difference;
  const auto share_up_to = [&differences](double limit) {
    const auto count = std::count_if(differences.begin(), differences.end(),
                                     [limit](double d) { return d <= limit; });
    return static_cast<double>(count) / static_cast<double>(differences.size());
  };
  CHECK(share_up_to(exact.low) == Approx(0.025).margin(0.005));  // sd 0.0011
  CHECK(share_up_to(exact.high) == Approx(0.975).margin(0.005));
}

TEST_CASE("large samples have the interval of the normal law", "[quantiles]") {
  // The median of n standard normal values has variance pi / (2 n) in the limit.
  const size_t n = 5000;
  Sample a(n);
  for (size_t i = 0; i < n; ++i) {  // normal by its quantiles, so that nothing scatters
    const double p = (static_cast<double>(i) + 0.5) / static_cast<double>(n);
    const double t = StudentQuantile(std::fabs(2 * p - 1), 1e7);
    a[i] = p < 0.5 ? -t : t;
  }
  const Interval median = CompareQuantiles(a, a)[3].difference;
  const double half = 1.959964 * std::sqrt(2 * 3.14159265 / (2.0 * static_cast<double>(n)));
  CHECK(median.point == 0);
  CHECK(median.low == Approx(-half).epsilon(0.02));
  CHECK(median.high == Approx(half).epsilon(0.02));
}

TEST_CASE("samples of one value each differ by just that", "[quantiles]") {
  for (const QuantileDifference& d : CompareQuantiles(Sample{4, 4, 4}, Sample{1.5})) {
    CHECK(d.difference == Interval{2.5, 2.5, 2.5, 0.95});
  }
  const Sample errors = {3, 1, 2};
  CompareQuantiles(errors, errors);
  CHECK(errors == Sample{3, 1, 2});
  CHECK_THROWS_AS(LawsOf({}), Error);
  CHECK_THROWS_AS(LawsOf(Sample{std::numeric_limits<double>::quiet_NaN()}), Error);
}

}  // namespace
}  // namespace dse::quantile_difference_test
