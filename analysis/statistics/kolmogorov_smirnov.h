#pragma once

#include <cstdint>
#include <span>

#include "core/json.h"

namespace dse {

enum class KsMethod { kExact, kAsymptotic };
extern const std::span<const Word<KsMethod>> kKsMethodWords;  // exact, asymptotic

// Up to this n * m the p-value is exact; the work is at most proportional to it, less where the
// statistic is small.
inline constexpr int64_t kKsExactLimit = 10'000'000;

// The two-sided two-sample test of Kolmogorov and Smirnov.
struct KsTest {
  double statistic = 0;  // largest distance between the two EDFs
  double p_value = 1;
  KsMethod method = KsMethod::kExact;
};

// The exact p-value is the share of all ways to deal the pooled values out to the two samples, ties
// kept, whose statistic is at least the one seen. The asymptotic one is Kolmogorov's limit, which
// is conservative where there are ties. Throws Error for an empty sample.
KsTest TestKolmogorovSmirnov(std::span<const double> a, std::span<const double> b,
                             int64_t exact_limit = kKsExactLimit);

// P(K > x) of Kolmogorov's limit distribution.
double KolmogorovTail(double x);

}  // namespace dse
