#include "analysis/statistics/quantile_difference.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "analysis/statistics/sample_statistics.h"
#include "core/error.h"

namespace dse {
namespace {

constexpr double kLevel = 0.95;
constexpr double kTail = (1 - kLevel) / 2;
constexpr double kNormal = 1.96;             // which a normal variable exceeds with about kTail
constexpr double kNegligibleWeight = 1e-17;  // of one rank, against the largest

// P(Bin(n, p) >= r) is the distribution function of Beta(r, n - r + 1) at p, so rank i weighs the
// integral of that density, x^(r-1) (1-x)^(n-r), over ((i-1)/n, i/n).
class RankDensity {
 public:
  RankDensity(int64_t n, int64_t r)
      : n_(static_cast<double>(n)),
        left_(static_cast<double>(r - 1)),
        right_(static_cast<double>(n - r)),
        reference_((static_cast<double>(r) - 0.5) / n_) {}

  // The integral at rank i, up to a factor that all ranks share.
  //
  // Around the middle c of the interval, x = c + h t, the density is a series sum u_k t^k, of which
  // the even terms remain. The density g obeys x (1-x) g' = (left - (left + right) x) g, which
  // gives each u_k from the two before it.
  double WeightOf(int64_t i) const {
    const double half = 0.5 / n_;
    const double c = (static_cast<double>(i) - 0.5) / n_;
    const double scale = 1 / (c * (1 - c));
    const double slope = half * (left_ - (left_ + right_) * c) * scale;
    const double slope_step = half * (1 - 2 * c) * scale;
    const double curve = -half * half * (left_ + right_) * scale;
    const double curve_step = half * half * scale;
    double before = 0;
    double term = 1;
    double sum = 1;
    for (int k = 0; std::fabs(term) + std::fabs(before) > 1e-17 * sum; ++k) {
      const double next =
          ((slope - slope_step * k) * term + (curve + curve_step * (k - 1)) * before) / (k + 1);
      before = term;
      term = next;
      if (k % 2 == 1) sum += term / (k + 2);
    }
    return Density(c) * sum;
  }

 private:
  // Against the density at the middle of rank r, near its largest.
  double Density(double x) const {
    const double shift = x - reference_;
    return std::exp(left_ * std::log1p(shift / reference_) +
                    right_ * std::log1p(-shift / (1 - reference_)));
  }

  double n_;
  double left_;
  double right_;
  double reference_;
};

QuantileLaw LawOf(std::span<const double> sorted, int percent) {
  const auto n = static_cast<int64_t>(sorted.size());
  const int64_t r = (n * percent + 99) / 100;
  const RankDensity density(n, r);
  std::vector<double> below;  // ranks r, r - 1, ...
  std::vector<double> above;  // ranks r + 1, r + 2, ...
  double largest = 0;
  const auto walk = [&](int64_t first, int64_t step, std::vector<double>& weights) {
    for (int64_t i = first; i >= 1 && i <= n; i += step) {
      const double weight = density.WeightOf(i);
      largest = std::max(largest, weight);
      if (weight < kNegligibleWeight * largest) break;
      weights.push_back(weight);
    }
  };
  walk(r, -1, below);
  walk(r + 1, 1, above);

  QuantileLaw law;
  law.q = percent / 100.0;
  law.point = sorted[static_cast<size_t>(r - 1)];
  double sum = 0;
  const auto add = [&](size_t place, double weight) {
    sum += weight;
    if (law.values.empty() || sorted[place] != law.values.back()) {
      law.values.push_back(sorted[place]);
      law.weights.push_back(0);
      law.cumulative.push_back(0);
    }
    law.weights.back() += weight;
    law.cumulative.back() = sum;
  };
  const auto last = static_cast<size_t>(r - 1);
  for (size_t back = below.size(); back-- > 0;) add(last - back, below[back]);
  for (size_t ahead = 0; ahead < above.size(); ++ahead) add(last + 1 + ahead, above[ahead]);
  for (double& weight : law.weights) weight /= sum;
  for (double& weight : law.cumulative) weight /= sum;
  for (size_t i = 0; i < law.values.size(); ++i) law.mean += law.weights[i] * law.values[i];
  double variance = 0;
  for (size_t i = 0; i < law.values.size(); ++i) {
    variance += law.weights[i] * (law.values[i] - law.mean) * (law.values[i] - law.mean);
  }
  law.sd = std::sqrt(variance);
  return law;
}

// What two independent laws say of a - b <= d.
struct Split {
  double weight = 0;       // P(a - b <= d)
  double last_below = 0;   // the largest difference that is at most d
  double first_above = 0;  // the smallest that is larger
};

// `d` is at least the smallest difference and below the largest.
Split SplitAt(const QuantileLaw& a, const QuantileLaw& b, double d) {
  Split split{.weight = 0,
              .last_below = a.values.front() - b.values.back(),
              .first_above = a.values.back() - b.values.front()};
  size_t i = 0;  // values of a with a - b <= d; more of them as b grows
  for (size_t j = 0; j < b.values.size(); ++j) {
    while (i < a.values.size() && a.values[i] - b.values[j] <= d) ++i;
    if (i > 0) {
      split.weight += b.weights[j] * a.cumulative[i - 1];
      split.last_below = std::max(split.last_below, a.values[i - 1] - b.values[j]);
    }
    if (i < a.values.size()) {
      split.first_above = std::min(split.first_above, a.values[i] - b.values[j]);
    }
  }
  return split;
}

// The smallest difference whose cumulative weight reaches p, between two differences that occur and
// close in on it. A guess of what p would be were the laws normal and a second one beside it are
// followed by straight lines through the ends and, each third time, by halving.
double DifferenceQuantile(const QuantileLaw& a, const QuantileLaw& b, double p, double normal) {
  constexpr double kBeside = 0.1;
  const double sd = std::hypot(a.sd, b.sd);
  double low = a.values.front() - b.values.back();
  double high = a.values.back() - b.values.front();
  double below = 0;    // P(a - b < low)
  double reached = 1;  // P(a - b <= high)
  double guess = a.mean - b.mean + normal * sd;
  for (int step = 0; low < high; ++step) {
    if (!(guess >= low && guess < high)) guess = low + (high - low) / 2;
    if (!(guess < high)) guess = low;
    const Split split = SplitAt(a, b, guess);
    const bool enough = split.weight >= p - kWeightTolerance;
    (enough ? high : low) = enough ? split.last_below : split.first_above;
    (enough ? reached : below) = split.weight;
    if (step == 0) {
      guess += enough ? -kBeside * sd : kBeside * sd;
    } else if (step % 3 == 0) {
      guess = low + (high - low) / 2;
    } else {
      guess = low + (high - low) * (p - below) / (reached - below);
    }
  }
  return high;
}

}  // namespace

QuantileLaws LawsOf(std::span<const double> errors) {
  if (errors.empty()) throw Error("the quantiles of an empty sample are not defined");
  std::vector<double> sorted(errors.begin(), errors.end());
  for (double error : sorted) {
    if (!std::isfinite(error)) throw Error("quantiles need finite numbers");
  }
  std::sort(sorted.begin(), sorted.end());
  QuantileLaws laws;
  for (int percent : kComparedPercents) laws.push_back(LawOf(sorted, percent));
  return laws;
}

std::vector<QuantileDifference> CompareQuantiles(const QuantileLaws& a, const QuantileLaws& b) {
  std::vector<QuantileDifference> differences;
  for (size_t k = 0; k < kComparedPercents.size(); ++k) {
    differences.push_back(
        {.q = a[k].q,
         .difference = {.point = a[k].point - b[k].point,
                        .low = DifferenceQuantile(a[k], b[k], kTail, -kNormal),
                        .high = DifferenceQuantile(a[k], b[k], 1 - kTail, kNormal),
                        .level = kLevel}});
  }
  return differences;
}

std::vector<QuantileDifference> CompareQuantiles(std::span<const double> a,
                                                 std::span<const double> b) {
  return CompareQuantiles(LawsOf(a), LawsOf(b));
}

}  // namespace dse
