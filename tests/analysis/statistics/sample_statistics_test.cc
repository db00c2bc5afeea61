#include "analysis/statistics/sample_statistics.h"

#include <catch2/catch.hpp>

#include "core/error.h"

namespace dse::sample_statistics_test {
namespace {

TEST_CASE("mean, median and standard deviation of a small sample", "[statistics]") {
  const std::vector<double> values = {4, 1, 7, 2};
  CHECK(Mean(values) == 3.5);
  CHECK(Median(values) == 3);
  CHECK(Median(std::vector<double>{9, 1, 5}) == 5);
  // squares of 0.5, -2.5, 3.5, -1.5 sum to 21; 21 / 3 = 7
  CHECK(SampleSd(values) == Approx(2.6457513110645906).epsilon(1e-14));
  CHECK(values == std::vector<double>{4, 1, 7, 2});
}

TEST_CASE("a quantile is the smallest value whose cumulative weight reaches it", "[statistics]") {
  const std::vector<double> values = {40, 10, 30, 20};
  CHECK(Quantile(values, 0.25) == 10);
  CHECK(Quantile(values, 0.26) == 20);
  CHECK(Quantile(values, 0.5) == 20);
  CHECK(Quantile(values, 0.975) == 40);
  CHECK(Quantile(values, 1) == 40);
}

TEST_CASE("sums of weights that differ by rounding alone reach a quantile", "[statistics]") {
  const std::vector<double> values = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  const std::vector<double> weights(10, 0.1);  // 0.1 added ten times is not 1
  const std::vector<double> quantiles = {0.3, 0.6, 0.8, 1};
  CHECK(WeightedQuantiles(values, weights, quantiles) == std::vector<double>{3, 6, 8, 10});
}

TEST_CASE("weights move a quantile", "[statistics]") {
  const std::vector<double> values = {3, 1, 2};
  const std::vector<double> weights = {0.5, 0.125, 0.375};
  const std::vector<double> quantiles = {0.125, 0.13, 0.5, 0.51};
  CHECK(WeightedQuantiles(values, weights, quantiles) == std::vector<double>{1, 2, 2, 3});
  CHECK_THROWS_AS(WeightedQuantiles(values, std::vector<double>{1}, quantiles), Error);
}

TEST_CASE("statistics of too small a sample throw", "[statistics]") {
  const std::vector<double> none;
  const std::vector<double> one = {1};
  CHECK_THROWS_WITH(Mean(none), "the mean of an empty sample is not defined");
  CHECK_THROWS_AS(Median(none), Error);
  CHECK_THROWS_AS(Quantile(none, 0.5), Error);
  CHECK_THROWS_AS(SampleSd(none), Error);
  CHECK_THROWS_WITH(SampleSd(one), "the standard deviation of a single value is not defined");
  CHECK(Mean(one) == 1);
  CHECK(Median(one) == 1);
}

}  // namespace
}  // namespace dse::sample_statistics_test
