#include "analysis/statistics/best_value.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "analysis/statistics/index_draws.h"
#include "analysis/statistics/sample_statistics.h"
#include "core/error.h"
#include "core/rng.h"

namespace dse {
namespace {

constexpr Word<BandMethod> kBandWords[] = {{"exact", BandMethod::kExact},
                                           {"mc", BandMethod::kMonteCarlo}};

// Pairs of equal error: places [begin, end) in the order by error.
struct TieGroup {
  size_t begin = 0;
  size_t end = 0;
};

std::vector<TieGroup> TieGroups(std::span<const double> errors, std::span<const size_t> order) {
  std::vector<TieGroup> groups;
  for (size_t i = 0; i < order.size(); ++i) {
    if (i == 0 || errors[order[i]] != errors[order[i - 1]]) groups.push_back({i, i});
    groups.back().end = i + 1;
  }
  return groups;
}

// The ranks of a group telescope: from place `begin` to `end` (ranks begin + 1 .. end) the sum is
// ((n - begin)/n)^m - ((n - end)/n)^m.
std::vector<double> ExactGroupWeights(std::span<const TieGroup> groups, size_t n, size_t m) {
  const double power = static_cast<double>(m);
  double above = 1;
  std::vector<double> weights;
  for (const TieGroup& group : groups) {
    const double below =
        std::pow(static_cast<double>(n - group.end) / static_cast<double>(n), power);
    weights.push_back(above - below);
    above = below;
  }
  return weights;
}

std::vector<double> DrawnGroupWeights(std::span<const TieGroup> groups, size_t n, size_t m,
                                      uint64_t seed) {
  std::vector<size_t> group_of(n);
  for (size_t g = 0; g < groups.size(); ++g) {
    for (size_t i = groups[g].begin; i < groups[g].end; ++i) group_of[i] = g;
  }
  IndexDraws draws(StreamKey(seed, "best value"), 0, static_cast<uint32_t>(n));
  constexpr int kAtOnce = 50;  // long fills are the fast ones
  static_assert(kBestValueDraws % kAtOnce == 0);
  std::vector<uint32_t> places(m * kAtOnce);
  std::vector<int> kept(groups.size());
  for (int draw = 0; draw < kBestValueDraws; draw += kAtOnce) {
    draws.Fill(places);
    for (size_t begin = 0; begin < places.size(); begin += m) {
      const uint32_t* first = &places[begin];
      ++kept[group_of[std::accumulate(first, first + m, first[0],
                                      [](uint32_t a, uint32_t b) { return std::min(a, b); })]];
    }
  }
  std::vector<double> weights;
  for (int count : kept) weights.push_back(static_cast<double>(count) / kBestValueDraws);
  return weights;
}

}  // namespace

const std::span<const Word<BandMethod>> kBandMethodWords = kBandWords;

std::vector<double> KeptWeights(std::span<const double> errors, BandMethod method, uint64_t seed) {
  const size_t n = errors.size();
  if (n == 0) throw Error("best-value bands of no models are not defined");
  for (double error : errors) {
    if (!std::isfinite(error)) throw Error("an error in a best-value band must be a finite number");
  }
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [errors](size_t a, size_t b) { return errors[a] < errors[b]; });
  const std::vector<TieGroup> groups = TieGroups(errors, order);
  const size_t m = std::max<size_t>(1, n / 4);
  const std::vector<double> group_weights = method == BandMethod::kExact
                                                ? ExactGroupWeights(groups, n, m)
                                                : DrawnGroupWeights(groups, n, m, seed);
  std::vector<double> weights(n);
  for (size_t g = 0; g < groups.size(); ++g) {
    const double share = group_weights[g] / static_cast<double>(groups[g].end - groups[g].begin);
    for (size_t i = groups[g].begin; i < groups[g].end; ++i) weights[order[i]] = share;
  }
  return weights;
}

BestValueBand BandOf(std::span<const double> values, std::span<const double> weights,
                     BandMethod method) {
  constexpr double kTail = (1 - kBestValueLevel) / 2;
  constexpr std::array<double, 3> kQuantiles = {kTail, 0.5, 1 - kTail};
  const std::vector<double> band = WeightedQuantiles(values, weights, kQuantiles);
  return {.low = band[0], .median = band[1], .high = band[2], .method = method};
}

BestValueBand BestValue(std::span<const double> values, std::span<const double> errors,
                        BandMethod method, uint64_t seed) {
  if (values.size() != errors.size())
    throw Error("a best-value band needs one error for each value");
  return BandOf(values, KeptWeights(errors, method, seed), method);
}

}  // namespace dse
