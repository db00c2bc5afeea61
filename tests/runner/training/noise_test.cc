#include "runner/training/noise.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

#include "core/named_models.h"

namespace dse::noise_test {
namespace {

// ResNet-50 has 16 residual blocks and 2048 features.
NoiseSource Source(const Recipe& recipe, uint64_t seed = 7) {
  return NoiseSource(recipe, PlanNetwork(NamedModel("resnet-50")), seed);
}

std::vector<float> Joined(std::vector<float> first, const std::vector<float>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

// The share of zeros among `count` factors from `first` on.
double Dropped(const std::vector<float>& factors, size_t first, size_t count) {
  const auto begin = factors.begin() + static_cast<std::ptrdiff_t>(first);
  const auto zeros = std::count(begin, begin + static_cast<std::ptrdiff_t>(count), 0.0f);
  return static_cast<double>(zeros) / static_cast<double>(count);
}

}  // namespace

TEST_CASE("Without noise in the recipe there are no factors") {
  CHECK(Source({}).DrawDropPath(0, 4).empty());
  CHECK(Source({}).DrawDropout(0, 4).empty());
}

TEST_CASE("Residual blocks are dropped the more often the later they come, and the mean stays") {
  Recipe recipe;
  recipe.drop_path = 0.4;
  constexpr size_t kImages = 20000;
  const std::vector<float> factors = Source(recipe).DrawDropPath(0, kImages);
  REQUIRE(factors.size() == 16 * kImages);
  for (size_t block = 0; block < 16; ++block) {
    const double rate = 0.4 * static_cast<double>(block + 1) / 16;
    // Five standard errors.
    CHECK(Dropped(factors, block * kImages, kImages) == Approx(rate).margin(0.018));
    const float kept = *std::max_element(factors.begin() + static_cast<int>(block * kImages),
                                         factors.begin() + static_cast<int>((block + 1) * kImages));
    CHECK(kept == Approx(1 / (1 - rate)));
  }
}

TEST_CASE("Dropout takes the share of features that the recipe says") {
  Recipe recipe;
  recipe.dropout = 0.25;
  const std::vector<float> factors = Source(recipe).DrawDropout(3, 20);
  REQUIRE(factors.size() == 20 * 2048);
  CHECK(Dropped(factors, 0, factors.size()) == Approx(0.25).margin(0.011));
}

TEST_CASE("Noise belongs to the image, however batches are divided, and to the seed") {
  Recipe recipe;
  recipe.drop_path = 0.5;
  recipe.dropout = 0.5;
  const NoiseSource source = Source(recipe);
  CHECK(source.DrawDropout(100, 5) ==
        Joined(source.DrawDropout(100, 2), source.DrawDropout(102, 3)));
  const std::vector<float> five = source.DrawDropPath(100, 5);
  const std::vector<float> last = source.DrawDropPath(104, 1);
  for (size_t block = 0; block < 16; ++block) CHECK(five[5 * block + 4] == last[block]);
  CHECK(Source(recipe, 8).DrawDropPath(100, 5) != five);
}

TEST_CASE("Shares of mixtures are between 0 and 1 and even on average") {
  Recipe recipe;
  recipe.mixup = 0.2;
  const NoiseSource source = Source(recipe);
  double sum = 0;
  int near_the_ends = 0;
  constexpr int kBatches = 4000;
  for (int i = 0; i < kBatches; ++i) {
    const double share = source.DrawMixture(int64_t{128} * i);
    CHECK((share >= 0 && share <= 1));
    sum += share;
    near_the_ends += share < 0.1 || share > 0.9;
  }
  // Beta(0.2, 0.2) has the variance 1 / (4 (2 * 0.2 + 1)): five standard errors of the mean.
  CHECK(sum / kBatches == Approx(0.5).margin(0.034));
  CHECK(near_the_ends > kBatches / 2);
}

}  // namespace dse::noise_test
