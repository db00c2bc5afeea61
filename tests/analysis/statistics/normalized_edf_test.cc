#include "analysis/statistics/normalized_edf.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "core/rng.h"

namespace dse::normalized_edf_test {
namespace {

using Sample = std::vector<double>;

TEST_CASE("each bin of complexity that has models counts the same", "[normalized_edf]") {
  // Pooled range 0..100, bins of 10: three models in the first, one in the sixth (its lower edge
  // is 50), one in the ninth, two in the last (100 is its upper edge): 4 bins, weights 1/12, 1/4,
  // 1/4, 1/8.
  const Sample flops = {0, 50, 9.99, 90, 100, 3, 89.99};
  const Sample weights = NormalizedWeights(flops, 0, 100);
  const Sample expected = {1.0 / 12, 1.0 / 4, 1.0 / 12, 1.0 / 8, 1.0 / 8, 1.0 / 12, 1.0 / 4};
  REQUIRE(weights.size() == expected.size());
  for (size_t i = 0; i < weights.size(); ++i) {
    CHECK(weights[i] == Approx(expected[i]).epsilon(1e-14));
  }
}

TEST_CASE("weights by complexity sum to one", "[normalized_edf]") {
  RandomStream random(StreamKey(3, "normalized edf"), 0);
  for (size_t n : {1u, 2u, 17u, 400u}) {
    Sample flops(n);
    for (double& f : flops) f = random.Uniform(3.6e8, 4e8);
    const Sample weights = NormalizedWeights(flops, 3.5e8, 4.2e8);
    CHECK(std::accumulate(weights.begin(), weights.end(), 0.0) == Approx(1).epsilon(1e-12));
  }
}

TEST_CASE("models of one complexity all weigh the same", "[normalized_edf]") {
  CHECK(NormalizedWeights(Sample{4e8, 4e8}, 4e8, 4e8) == Sample{0.5, 0.5});
}

TEST_CASE("a weighted distribution adds the weights of equal errors", "[normalized_edf]") {
  const Edf edf = MakeWeightedEdf(Sample{30, 10, 30, 20}, Sample{0.125, 0.5, 0.25, 0.125});
  CHECK(edf.n == 4);
  CHECK(edf.points == std::vector<EdfPoint>{{10, 0.5}, {20, 0.625}, {30, 1}});
  const Sample tenths(10, 0.1);  // which do not sum to 1 exactly
  CHECK(MakeWeightedEdf(Sample{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, tenths).points.back().f == 1);
}

TEST_CASE("equal weights give the plain distribution", "[normalized_edf]") {
  const Sample errors = {5, 3, 3, 9};
  CHECK(MakeWeightedEdf(errors, Sample(4, 0.25)).points == MakeEdf(errors).points);
}

TEST_CASE("weights that cannot be are refused", "[normalized_edf]") {
  CHECK_THROWS_AS(NormalizedWeights({}, 0, 1), Error);
  CHECK_THROWS_AS(NormalizedWeights(Sample{2}, 0, 1), Error);
  CHECK_THROWS_AS(NormalizedWeights(Sample{std::nan("")}, 0, 1), Error);
  CHECK_THROWS_AS(MakeWeightedEdf({}, {}), Error);
  CHECK_THROWS_AS(MakeWeightedEdf(Sample{1, 2}, Sample{1}), Error);
  CHECK_THROWS_AS(MakeWeightedEdf(Sample{1, 2}, Sample{0.4, 0.4}), Error);
  CHECK_THROWS_AS(MakeWeightedEdf(Sample{1, 2}, Sample{1.5, -0.5}), Error);
}

}  // namespace
}  // namespace dse::normalized_edf_test
