#include "analysis/statistics/seed_noise.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/rng.h"

namespace dse::seed_noise_test {
namespace {

using Repeats = std::vector<std::vector<double>>;

TEST_CASE("the noise of three models with two repeats each, by hand", "[seed_noise]") {
  // Means 2, 6, 4; squares within 2 + 2 + 2 on 3 degrees: MSW 2. MSB = 2 (4 + 4 + 0) / 2 = 8, n0 =
  // 2: variance between (8 - 2) / 2 = 3.
  const auto noise = EstimateSeedNoise(Repeats{{1, 3}, {5, 7}, {3, 5}});
  REQUIRE(noise);
  CHECK(noise->models == 3);
  CHECK(noise->runs == 6);
  CHECK(noise->within_sd.point == Approx(std::sqrt(2)).epsilon(1e-14));
  // chi-square quantiles of 3 degrees at 97.5% and 2.5%, from tables: 9.34840, 0.215795
  CHECK(noise->within_sd.low == Approx(std::sqrt(6 / 9.34840)).epsilon(1e-6));
  CHECK(noise->within_sd.high == Approx(std::sqrt(6 / 0.215795)).epsilon(1e-5));
  CHECK(noise->within_sd.level == 0.95);
  REQUIRE(noise->between_sd);
  CHECK(*noise->between_sd == Approx(std::sqrt(3)).epsilon(1e-14));
}

TEST_CASE("models without repeats do not enter and unequal numbers of repeats do", "[seed_noise]") {
  // {1, 3} and {5, 7, 6, 6}: squares within 2 + 2 on 4 degrees, MSW 1. Grand mean 14/3, MSB = 2
  // (8/3)^2 + 4 (4/3)^2 = 64/3, n0 = 6 - 20/6 = 8/3: variance between (64/3 - 1) / (8/3) = 7.625.
  const auto noise = EstimateSeedNoise(Repeats{{9}, {1, 3}, {}, {5, 7, 6, 6}, {100}});
  REQUIRE(noise);
  CHECK(noise->models == 2);
  CHECK(noise->runs == 6);
  CHECK(noise->within_sd.point == Approx(1).epsilon(1e-14));
  REQUIRE(noise->between_sd);
  CHECK(*noise->between_sd == Approx(std::sqrt(7.625)).epsilon(1e-14));
}

TEST_CASE("models that differ less than their repeats have no spread between them",
          "[seed_noise]") {
  const auto noise = EstimateSeedNoise(Repeats{{1, 5}, {2, 4}});
  REQUIRE(noise);
  REQUIRE(noise->between_sd);
  CHECK(*noise->between_sd == 0);
}

TEST_CASE("one model tells of its seeds alone and models without repeats of nothing",
          "[seed_noise]") {
  const auto one = EstimateSeedNoise(Repeats{{1, 2, 3}, {7}});
  REQUIRE(one);
  CHECK(one->within_sd.point == 1);
  CHECK_FALSE(one->between_sd);
  CHECK_FALSE(EstimateSeedNoise(Repeats{{1}, {2}, {}}));
  CHECK_FALSE(EstimateSeedNoise(Repeats{}));
  const auto equal = EstimateSeedNoise(Repeats{{4, 4}, {6, 6}});
  REQUIRE(equal);
  CHECK(equal->within_sd.high == 0);
  CHECK(*equal->between_sd == Approx(std::sqrt(2)).epsilon(1e-14));  // MSB 4, n0 2
  CHECK_THROWS_AS(EstimateSeedNoise(Repeats{{1, std::numeric_limits<double>::infinity()}}), Error);
}

TEST_CASE("known spreads are found again and the interval holds its promise", "[seed_noise]") {
  // Standard deviations 2 between and 0.5 within: 300 studies of 40 models, 3 repeats each.
  RandomStream random(StreamKey(6, "seed noise"), 0);
  int covered = 0;
  double between = 0;
  for (int study = 0; study < 300; ++study) {
    Repeats repeats(40, std::vector<double>(3));
    for (std::vector<double>& model : repeats) {
      const double mean = 40 + 2 * random.Normal();
      for (double& error : model) error = mean + 0.5 * random.Normal();
    }
    const auto noise = EstimateSeedNoise(repeats);
    REQUIRE(noise);
    covered += noise->within_sd.low <= 0.5 && 0.5 <= noise->within_sd.high ? 1 : 0;
    between += *noise->between_sd / 300;
  }
  CHECK(covered >= 270);  // 285 expected, standard deviation 3.8
  CHECK(covered <= 298);
  CHECK(between == Approx(2).epsilon(0.03));
}

}  // namespace
}  // namespace dse::seed_noise_test
