#include "sampler/word_table.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace dse {
namespace {

constexpr uint64_t kWords = uint64_t{1} << 32;

size_t IndexOfWord(const Distribution& distribution, uint64_t word) {
  return IndexAt(distribution, (static_cast<double>(word) + 0.5) * 0x1p-32);
}

// About where the words of index i end; LastWord corrects it.
double GuessEnd(const Distribution& d, const std::vector<double>& values, size_t i) {
  if (d.kind != DistributionKind::kLogUniform) {
    return static_cast<double>(i + 1) / static_cast<double>(values.size());
  }
  const double low = std::log(d.low - std::min(d.step, d.low / 2));
  return (std::log(values[i]) - low) / (std::log(d.high) - low);
}

// The largest word that gives index i or a smaller one, for an i that is not the last: bisection
// between a word that does and one that does not.
uint32_t LastWord(const Distribution& d, const std::vector<double>& values, size_t i) {
  constexpr double kReach = 4;
  const double guess = GuessEnd(d, values, i) * static_cast<double>(kWords);
  auto inside = static_cast<uint64_t>(std::clamp(guess - kReach, 0.0, 0x1p32 - 1));
  auto outside = static_cast<uint64_t>(std::clamp(guess + kReach, 0.0, 0x1p32 - 1));
  if (IndexOfWord(d, inside) > i) inside = 0;
  if (IndexOfWord(d, outside) <= i) outside = kWords - 1;
  while (outside - inside > 1) {
    const uint64_t middle = inside + (outside - inside) / 2;
    (IndexOfWord(d, middle) <= i ? inside : outside) = middle;
  }
  return static_cast<uint32_t>(inside);
}

}  // namespace

WordTable::WordTable(const Distribution& distribution) : values_(Support(distribution)) {
  last_.reserve(values_.size());
  for (size_t i = 0; i + 1 < values_.size(); ++i) {
    last_.push_back(LastWord(distribution, values_, i));
  }
  last_.push_back(std::numeric_limits<uint32_t>::max());

  const size_t parts = std::max<size_t>(256, std::bit_ceil(2 * values_.size()));
  shift_ = 32 - std::countr_zero(parts);
  guide_.reserve(parts);
  size_t index = 0;
  for (uint64_t part = 0; part < parts; ++part) {
    while ((part << shift_) > last_[index]) ++index;
    guide_.push_back(static_cast<uint16_t>(index));
  }
}

}  // namespace dse
