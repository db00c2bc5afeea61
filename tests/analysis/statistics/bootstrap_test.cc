#include "analysis/statistics/bootstrap.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "analysis/statistics/sample_statistics.h"
#include "core/error.h"
#include "core/rng.h"

namespace dse::bootstrap_test {
namespace {

using Sample = std::vector<double>;

Sample NormalSample(size_t n, double mean, uint64_t stream) {
  RandomStream random(StreamKey(5, "normal"), stream);
  Sample sample;
  for (size_t i = 0; i < n; ++i) sample.push_back(mean + random.Normal());
  return sample;
}

TEST_CASE("the difference of means is a - b with an interval around it", "[bootstrap]") {
  const Interval difference = MeanDifference(Sample{1, 2, 3}, Sample{5, 6, 10}, 1);
  CHECK(difference.point == -5);
  CHECK(difference.low >= 1 - 10);
  CHECK(difference.low < -5);
  CHECK(difference.high > -5);
  CHECK(difference.high <= 3 - 5);
  CHECK(difference.level == 0.95);
}

TEST_CASE("the bootstrap interval of large samples is the normal one", "[bootstrap]") {
  const Sample a = NormalSample(400, 10, 0);
  const Sample b = NormalSample(300, 12, 1);
  const auto variance = [](const Sample& s) {  // of the mean, as the bootstrap has it: divided by n
    const double n = static_cast<double>(s.size());
    return std::pow(SampleSd(s), 2) * (n - 1) / n / n;
  };
  const double half = 1.959964 * std::sqrt(variance(a) + variance(b));
  const Interval difference = MeanDifference(a, b, 3);
  // limits of 10,000 resamples scatter by about 2% of the half width
  CHECK(difference.low == Approx(difference.point - half).margin(0.1 * half));
  CHECK(difference.high == Approx(difference.point + half).margin(0.1 * half));
}

TEST_CASE("the exact bootstrap of two values per sample, by hand", "[bootstrap]") {
  // Means of {0, 1} resampled are 0, 1/2, 1 with 1/4, 1/2, 1/4; so are those of b. The difference
  // is -1 and 1 with 1/16 each, above the tails of 2.5%.
  const Interval difference = MeanDifference(Sample{0, 1}, Sample{0, 1}, 9);
  CHECK(difference.low == -1);
  CHECK(difference.point == 0);
  CHECK(difference.high == 1);
}

TEST_CASE("bootstraps repeat with seed and purpose", "[bootstrap]") {
  const Sample values = NormalSample(50, 0, 2);
  CHECK(BootstrapMeans(values, 1, "x") == BootstrapMeans(values, 1, "x"));
  CHECK(BootstrapMeans(values, 1, "x") != BootstrapMeans(values, 2, "x"));
  CHECK(BootstrapMeans(values, 1, "x") != BootstrapMeans(values, 1, "y"));
  CHECK(BootstrapMeans(values, 1, "x").size() == 10'000);
  CHECK(BootstrapMeans(NormalSample(500, 0, 3), 1, "x").size() == 10'000);
  CHECK(BootstrapMeans(NormalSample(2000, 0, 3), 1, "x").size() == 2'500);
  CHECK(BootstrapMeans(NormalSample(6000, 0, 3), 1, "x").size() == 1'000);
}

TEST_CASE("equal values leave nothing to doubt and no values are refused", "[bootstrap]") {
  const Interval difference = MeanDifference(Sample{4, 4}, Sample{1.5}, 1);
  CHECK(difference.point == 2.5);
  CHECK(difference.low == 2.5);
  CHECK(difference.high == 2.5);
  CHECK_THROWS_AS(MeanDifference({}, Sample{1}, 1), Error);
}

}  // namespace
}  // namespace dse::bootstrap_test
