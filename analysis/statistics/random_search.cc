#include "analysis/statistics/random_search.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "analysis/statistics/sample_statistics.h"
#include "core/error.h"

namespace dse {
namespace {

constexpr int64_t kEachUpTo = 256;
constexpr double kPerDoubling = 32;
constexpr double kNegligible = 1e-16;
constexpr size_t kSizesAtOnce = 8;  // values of k worked on together

std::vector<int64_t> SampleSizes(int64_t n) {
  std::vector<int64_t> sizes;
  for (int64_t k = 1; k <= std::min(n, kEachUpTo); ++k) sizes.push_back(k);
  for (int step = 1; sizes.back() < n; ++step) {
    const double size = static_cast<double>(kEachUpTo) * std::exp2(step / kPerDoubling);
    sizes.push_back(std::min(n, static_cast<int64_t>(std::llround(size))));
  }
  return sizes;
}

// Errors in ascending order, as steps from one to the next.
struct Ladder {
  std::vector<double> sorted;
  std::vector<double> gaps;         // [r - 1]: from rank r to the next; n - 1 of them
  std::vector<double> reciprocals;  // [r - 1]: 1 / (n - r + 1), over the errors not below rank r
};

Ladder MakeLadder(std::span<const double> errors) {
  Ladder ladder;
  ladder.sorted.assign(errors.begin(), errors.end());
  std::sort(ladder.sorted.begin(), ladder.sorted.end());
  const size_t n = errors.size();
  for (size_t r = 1; r < n; ++r) {
    ladder.gaps.push_back(ladder.sorted[r] - ladder.sorted[r - 1]);
    ladder.reciprocals.push_back(1 / static_cast<double>(n - r + 1));
  }
  return ladder;
}

// Points of kSizesAtOnce sizes at once. behind[l] is the probability that all k drawn lie behind
// rank r, C(n-r, k) / C(n, k): each rank multiplies it by 1 - k / (n-r+1). The mean is the smallest
// error plus every gap times the probability to lie behind it, a sum of positive terms.
void AddPoints(const Ladder& ladder, std::span<const int64_t> sizes, double level,
               std::vector<SearchPoint>& points) {
  const double tail = (1 - level) / 2;
  std::array<double, kSizesAtOnce> k;
  for (size_t l = 0; l < kSizesAtOnce; ++l) {
    k[l] = static_cast<double>(sizes[std::min(l, sizes.size() - 1)]);
  }
  std::array<double, kSizesAtOnce> behind;
  behind.fill(1);
  std::array<double, kSizesAtOnce> sum{};
  std::array<double, kSizesAtOnce> below_low{};  // ranks that do not reach the quantile
  std::array<double, kSizesAtOnce> below_high{};
  for (size_t r = 0; r < ladder.gaps.size() && behind[0] >= kNegligible; ++r) {
    const double gap = ladder.gaps[r];
    const double reciprocal = ladder.reciprocals[r];
    for (size_t l = 0; l < kSizesAtOnce; ++l) {
      behind[l] *= std::max(0.0, 1 - k[l] * reciprocal);
      sum[l] += behind[l] * gap;
      below_low[l] += behind[l] > 1 - tail + kWeightTolerance ? 1.0 : 0.0;
      below_high[l] += behind[l] > tail + kWeightTolerance ? 1.0 : 0.0;
    }
  }
  for (size_t l = 0; l < sizes.size(); ++l) {
    points.push_back({.models = sizes[l],
                      .expected = ladder.sorted.front() + sum[l],
                      .low = ladder.sorted[static_cast<size_t>(below_low[l])],
                      .high = ladder.sorted[static_cast<size_t>(below_high[l])]});
  }
}

}  // namespace

std::vector<SearchPoint> RandomSearchCurve(std::span<const double> errors, double level) {
  if (errors.empty()) throw Error("random search among no models is not defined");
  for (double error : errors) {
    if (!std::isfinite(error)) throw Error("an error in a random search must be a finite number");
  }
  const Ladder ladder = MakeLadder(errors);
  const std::vector<int64_t> sizes = SampleSizes(static_cast<int64_t>(errors.size()));
  std::vector<SearchPoint> points;
  for (size_t first = 0; first < sizes.size(); first += kSizesAtOnce) {
    const size_t count = std::min(kSizesAtOnce, sizes.size() - first);
    AddPoints(ladder, std::span(sizes).subspan(first, count), level, points);
  }
  return points;
}

}  // namespace dse
