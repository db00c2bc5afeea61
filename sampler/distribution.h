#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/json.h"
#include "sampler/parameter.h"

namespace dse {

enum class DistributionKind { kFixed, kUniform, kLogUniform, kPowerOfTwo, kChoice };

// The law of one parameter, as a function of a uniform u in (0, 1).
//   uniform       every multiple of `step` in low..high equally likely; without a step
//                 low + u*(high-low)
//   log_uniform   exp(log l + u*(log high - log l)) with l = low - min(step, low/2), rounded up to
//                 a multiple of `step`: 1 has probability 1/5 on 1..16; without a step l = low
//   power_of_two  every power of two in low..high equally likely
//   choice        every one of `values` equally likely
// A multiple of a step is the double nearest to the decimal number: 245 steps of 0.1 are 24.5.
struct Distribution {
  DistributionKind kind = DistributionKind::kFixed;
  double low = 0;  // the value itself where it is fixed
  double high = 0;
  double step = 0;             // 0 = continuous
  std::vector<double> values;  // choice only

  bool continuous() const;
  friend bool operator==(const Distribution&, const Distribution&) = default;
};

// More values than this in one distribution are refused: tables stay small.
inline constexpr size_t kMaxValues = 65536;

// Reads a number (fixed) or {"distribution": "log_uniform", ...}. Checks that every value it can
// give is one `parameter` may take. Throws Error that starts with `where`.
Distribution ParseDistribution(const Json& json, const std::string& where, Parameter parameter);
Json DistributionToJson(const Distribution& distribution);

// Every value a discrete distribution can give, in ascending order (choice: as listed).
std::vector<double> Support(const Distribution& distribution);

// The definitions above: place in Support of a discrete distribution, value of a continuous one.
size_t IndexAt(const Distribution& distribution, double u);
double ValueAt(const Distribution& distribution, double u);

}  // namespace dse
