#include "analysis/statistics/best_value.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/error.h"
#include "core/rng.h"

namespace dse::best_value_test {
namespace {

std::vector<double> In64ths(const std::vector<double>& weights) {
  std::vector<double> scaled;
  for (double weight : weights) scaled.push_back(std::round(weight * 64 * 1e9) / 1e9);
  return scaled;
}

TEST_CASE("the law of the best pair for n = 8 and m = 2, by hand", "[best_value]") {
  // ((9-k)/8)^2 - ((8-k)/8)^2 = (17 - 2k)/64 for rank k
  const std::vector<double> errors = {30, 10, 40, 20, 80, 70, 60, 50};  // ranks 3 1 4 2 8 7 6 5
  CHECK(In64ths(KeptWeights(errors, BandMethod::kExact, 0)) ==
        std::vector<double>{11, 15, 9, 13, 1, 3, 5, 7});
}

TEST_CASE("pairs of equal error share the weight of their ranks", "[best_value]") {
  // ranks 1 and 2 share 15 + 13, ranks 4 to 6 share 9 + 7 + 5
  const std::vector<double> errors = {1, 1, 2, 3, 3, 3, 4, 5};
  CHECK(In64ths(KeptWeights(errors, BandMethod::kExact, 0)) ==
        std::vector<double>{14, 14, 11, 7, 7, 7, 3, 1});
}

TEST_CASE("a best-value band takes its quantiles from the law, by hand", "[best_value]") {
  // Weights by rank 15 13 11 9 7 5 3 1 (of 64). By value: 1 13, 2 9, 3 1, 4 11, 5 15, 6 3, 7 5, 8
  // 7; cumulative 13 22 23 34 49 52 57 64; looked for 1.6, 32 and 62.4.
  const std::vector<double> errors = {1, 2, 3, 4, 5, 6, 7, 8};
  const std::vector<double> values = {5, 1, 4, 2, 8, 7, 6, 3};
  const BestValueBand band = BestValue(values, errors);
  CHECK(band.low == 1);
  CHECK(band.median == 4);
  CHECK(band.high == 8);
  CHECK(band.level == 0.95);
  CHECK(values == std::vector<double>{5, 1, 4, 2, 8, 7, 6, 3});
}

TEST_CASE("up to seven pairs one is drawn, so all weigh the same", "[best_value]") {
  for (size_t n : {1u, 2u, 3u, 4u, 7u}) {
    std::vector<double> errors(n);
    std::iota(errors.begin(), errors.end(), 10.0);
    for (double weight : KeptWeights(errors, BandMethod::kExact, 0)) {
      CHECK(weight == Approx(1.0 / static_cast<double>(n)).epsilon(1e-14));
    }
  }
  const std::vector<double> four = {10, 20, 30, 40};
  CHECK(BestValue(four, four).median == 20);  // 0.25 + 0.25 reaches a half
}

TEST_CASE("a single pair is its own band", "[best_value]") {
  const std::vector<double> value = {12};
  const std::vector<double> error = {40};
  for (BandMethod method : {BandMethod::kExact, BandMethod::kMonteCarlo}) {
    const BestValueBand band = BestValue(value, error, method);
    CHECK(band.low == 12);
    CHECK(band.median == 12);
    CHECK(band.high == 12);
    CHECK(band.method == method);
  }
}

TEST_CASE("equal errors make all pairs equally likely in both methods", "[best_value]") {
  const std::vector<double> errors(9, 50.0);
  for (BandMethod method : {BandMethod::kExact, BandMethod::kMonteCarlo}) {
    for (double weight : KeptWeights(errors, method, 3)) CHECK(weight == Approx(1.0 / 9));
  }
}

// Errors of n pairs on a grid of `distinct` values: many ties where that is small.
std::vector<double> RandomErrors(size_t n, uint64_t distinct, uint64_t stream) {
  RandomStream random(StreamKey(7, "errors"), stream);
  std::vector<double> errors;
  for (size_t i = 0; i < n; ++i) errors.push_back(40 + static_cast<double>(random.Below(distinct)));
  return errors;
}

TEST_CASE("drawing agrees with the exact law, ties included", "[best_value]") {
  for (uint64_t distinct : {4u, 15u, 1000u}) {
    for (size_t n : {5u, 40u, 200u}) {
      const std::vector<double> errors = RandomErrors(n, distinct, n);
      const std::vector<double> exact = KeptWeights(errors, BandMethod::kExact, 0);
      const std::vector<double> drawn = KeptWeights(errors, BandMethod::kMonteCarlo, 11);
      CHECK(std::accumulate(exact.begin(), exact.end(), 0.0) == Approx(1).epsilon(1e-12));
      CHECK(std::accumulate(drawn.begin(), drawn.end(), 0.0) == Approx(1).epsilon(1e-12));
      for (size_t i = 0; i < n; ++i) {
        // five standard deviations of a share of 10,000 draws; ties only bring it nearer
        const double sd = std::sqrt(exact[i] * (1 - exact[i]) / kBestValueDraws);
        CAPTURE(distinct, n, i);
        CHECK(std::fabs(drawn[i] - exact[i]) <= 5 * sd + 1e-4);
      }
    }
  }
}

TEST_CASE("the paper's bootstrap, written out, finds the exact band", "[best_value]") {
  const size_t n = 120;
  const std::vector<double> errors = RandomErrors(n, 25, 1);
  std::vector<double> values;
  RandomStream random(StreamKey(3, "values"), 0);
  for (size_t i = 0; i < n; ++i) values.push_back(static_cast<double>(random.Below(8)));
  std::vector<double> kept(8);
  for (int draw = 0; draw < 20'000; ++draw) {
    size_t best = random.Below(n);
    std::vector<size_t> tied;
    for (size_t i = 1; i < n / 4; ++i) {
      const size_t next = random.Below(n);
      if (errors[next] < errors[best]) best = next;
    }
    for (size_t i = 0; i < n; ++i) {
      if (errors[i] == errors[best]) tied.push_back(i);
    }
    kept[static_cast<size_t>(values[tied[random.Below(tied.size())]])] += 1.0 / 20'000;
  }
  const std::vector<double> weights = KeptWeights(errors, BandMethod::kExact, 0);
  std::vector<double> law(8);
  for (size_t i = 0; i < n; ++i) law[static_cast<size_t>(values[i])] += weights[i];
  for (size_t v = 0; v < 8; ++v) {
    CHECK(std::fabs(law[v] - kept[v]) < 5 * std::sqrt(0.25 / 20'000));
  }
}

TEST_CASE("drawn bands repeat with their seed and change with it", "[best_value]") {
  const std::vector<double> errors = RandomErrors(100, 1000, 2);
  const auto drawn = [&errors](uint64_t seed) {
    return KeptWeights(errors, BandMethod::kMonteCarlo, seed);
  };
  CHECK(drawn(1) == drawn(1));
  CHECK(drawn(1) != drawn(2));
}

TEST_CASE("best values of no or broken pairs throw", "[best_value]") {
  const std::vector<double> two = {1, 2};
  const std::vector<double> broken = {1, std::numeric_limits<double>::infinity()};
  CHECK_THROWS_AS(BestValue({}, {}), Error);
  CHECK_THROWS_AS(BestValue(two, std::vector<double>{1}), Error);
  CHECK_THROWS_AS(BestValue(two, broken), Error);
}

}  // namespace
}  // namespace dse::best_value_test
