#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/json.h"

namespace dse {

// How the law of the empirical bootstrap is found: in closed form, or by seeded drawing.
enum class BandMethod { kExact, kMonteCarlo };
extern const std::span<const Word<BandMethod>> kBandMethodWords;  // exact, mc

inline constexpr double kBestValueLevel = 0.95;
inline constexpr int kBestValueDraws = 10'000;

// The range in which the best models have a property: the paper's empirical bootstrap
// (section 3.1). Of n pairs (property, error), m = max(1, floor(n / 4)) are drawn with replacement
// and the property of the pair with the smallest error is kept; low, median and high are the 2.5%,
// 50% and 97.5% quantiles of what is kept. A quantile is the smallest value whose cumulative weight
// reaches it.
struct BestValueBand {
  double low = 0;
  double median = 0;
  double high = 0;
  double level = kBestValueLevel;
  BandMethod method = BandMethod::kExact;
  friend bool operator==(const BestValueBand&, const BestValueBand&) = default;
};

// The probability of each pair to be the one kept; they sum to 1 and depend on the errors alone, so
// one call serves all properties. Errors sorted, the pair of rank k is kept with probability
// ((n-k+1)/n)^m - ((n-k)/n)^m; pairs of equal error share the weight of their ranks equally.
// kExact is that formula, O(n log n), `seed` unused; kMonteCarlo makes kBestValueDraws draws of m
// pairs, O(draws * m), a kept error's weight again shared by all pairs that have it. Throws Error
// for no errors.
std::vector<double> KeptWeights(std::span<const double> errors, BandMethod method, uint64_t seed);

// The band of a property from the weights of its pairs: values[i] belongs to weights[i].
BestValueBand BandOf(std::span<const double> values, std::span<const double> weights,
                     BandMethod method);

// Both steps for one property.
BestValueBand BestValue(std::span<const double> values, std::span<const double> errors,
                        BandMethod method = BandMethod::kExact, uint64_t seed = 0);

}  // namespace dse
