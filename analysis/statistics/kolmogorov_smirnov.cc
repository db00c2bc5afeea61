#include "analysis/statistics/kolmogorov_smirnov.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <numbers>
#include <vector>

#include "core/error.h"

namespace dse {
namespace {

constexpr Word<KsMethod> kKsWords[] = {{"exact", KsMethod::kExact},
                                       {"asymptotic", KsMethod::kAsymptotic}};

// Both samples pooled and sorted. Distances between EDFs are counted in units of 1/(n m), where
// they are whole: |i m - j n| after i values of a and j of b.
struct Pooled {
  int64_t n = 0;
  int64_t m = 0;
  std::vector<bool>
      last_of_tie;  // by place: EDFs are compared only behind the last of equal values
  int64_t distance = 0;
};

int64_t Distance(const Pooled& pooled, int64_t i, int64_t j) {
  return std::abs(i * pooled.m - j * pooled.n);
}

Pooled Pool(std::span<const double> a, std::span<const double> b) {
  std::vector<double> first(a.begin(), a.end());
  std::vector<double> second(b.begin(), b.end());
  std::sort(first.begin(), first.end());
  std::sort(second.begin(), second.end());
  Pooled pooled;
  pooled.n = static_cast<int64_t>(a.size());
  pooled.m = static_cast<int64_t>(b.size());
  pooled.last_of_tie.assign(a.size() + b.size(), false);
  size_t i = 0;
  size_t j = 0;
  while (i < first.size() || j < second.size()) {
    const bool from_first = j == second.size() || (i < first.size() && first[i] <= second[j]);
    const double value = from_first ? first[i] : second[j];
    while (i < first.size() && first[i] == value) ++i;
    while (j < second.size() && second[j] == value) ++j;
    pooled.last_of_tie[i + j - 1] = true;
    pooled.distance = std::max(pooled.distance,
                               Distance(pooled, static_cast<int64_t>(i), static_cast<int64_t>(j)));
  }
  return pooled;
}

// Deals the pooled values out one by one: mass[i + 1] is the probability that i of the first t went
// to a and no distance so far reached the one seen; what does reach it is moved to the p-value. The
// distance is largest at the ends of a stretch of i, so those still without it are a stretch,
// low..high, which grows by one with every value dealt and is cut where EDFs are compared. Ends too
// improbable for a double of full precision are cut too.
double ExactPValue(const Pooled& pooled) {
  constexpr double kLeastMass = 1e-305;
  const int64_t n = pooled.n;
  const int64_t m = pooled.m;
  const auto size = static_cast<size_t>(n) + 3;
  std::vector<double> mass(size);
  std::vector<double> next(size);
  std::vector<double> numbers(size);
  for (size_t i = 0; i < size; ++i) numbers[i] = static_cast<double>(i);
  mass[1] = 1;
  int64_t low = 0;
  int64_t high = 0;
  double reached = 0;
  for (int64_t t = 0; t < n + m && low <= high; ++t) {
    low = std::max(low, t + 1 - m);
    high = std::min(n, high + 1);
    const double per_value = 1 / static_cast<double>(n + m - t);
    const auto left_in_b = static_cast<double>(m - t);  // and i more
    const auto left_in_a = static_cast<double>(n + 1);  // less i
    next[static_cast<size_t>(low)] = 0;
    next[static_cast<size_t>(high) + 2] = 0;
    for (auto i = static_cast<size_t>(low); i <= static_cast<size_t>(high); ++i) {
      next[i + 1] =
          (mass[i + 1] * (left_in_b + numbers[i]) + mass[i] * (left_in_a - numbers[i])) * per_value;
    }
    mass.swap(next);
    const bool compared = pooled.last_of_tie[static_cast<size_t>(t)];
    const auto cut = [&](int64_t i) {
      double& end = mass[static_cast<size_t>(i) + 1];
      const bool is_reached = compared && Distance(pooled, i, t + 1 - i) >= pooled.distance;
      if (!is_reached && end >= kLeastMass) return false;
      if (is_reached) reached += end;
      end = 0;
      return true;
    };
    while (low <= high && cut(low)) ++low;
    while (low <= high && cut(high)) --high;
  }
  return std::min(1.0, reached);
}

}  // namespace

const std::span<const Word<KsMethod>> kKsMethodWords = kKsWords;

double KolmogorovTail(double x) {
  if (x <= 0) return 1;
  if (x < 1) {  // the same function in the form that converges for small x
    double sum = 0;
    for (int k = 1; k <= 7; k += 2) {
      sum += std::exp(-k * k * std::numbers::pi * std::numbers::pi / (8 * x * x));
    }
    return 1 - std::sqrt(2 * std::numbers::pi) / x * sum;
  }
  double sum = 0;
  for (int k = 1; k <= 7; ++k) sum += (k % 2 == 1 ? 2 : -2) * std::exp(-2 * k * k * x * x);
  return sum;
}

KsTest TestKolmogorovSmirnov(std::span<const double> a, std::span<const double> b,
                             int64_t exact_limit) {
  if (a.empty() || b.empty()) {
    throw Error("the Kolmogorov-Smirnov test needs at least one value in each sample");
  }
  for (std::span<const double> sample : {a, b}) {
    for (double value : sample) {
      if (!std::isfinite(value)) {
        throw Error("the Kolmogorov-Smirnov test needs finite numbers");
      }
    }
  }
  const Pooled pooled = Pool(a, b);
  const double product = static_cast<double>(pooled.n) * static_cast<double>(pooled.m);
  KsTest test;
  test.statistic = static_cast<double>(pooled.distance) / product;
  if (product <= static_cast<double>(exact_limit)) {
    test.method = KsMethod::kExact;
    test.p_value = ExactPValue(pooled);
  } else {
    test.method = KsMethod::kAsymptotic;
    test.p_value = KolmogorovTail(test.statistic *
                                  std::sqrt(product / static_cast<double>(pooled.n + pooled.m)));
  }
  return test;
}

}  // namespace dse
