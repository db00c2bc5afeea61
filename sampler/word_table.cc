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

// The fewest equal parts, a power of two, that keep the ends of all values apart, if these are few
// enough to stay in the cache; else enough for one or two ends in most of them.
size_t PartsFor(const std::vector<uint32_t>& last) {
  constexpr size_t kFewest = 256;
  constexpr size_t kMost = 4096;
  uint32_t nearest = std::numeric_limits<uint32_t>::max();
  for (size_t i = 1; i < last.size(); ++i) nearest = std::min(nearest, last[i] - last[i - 1]);
  const size_t needed = std::bit_ceil(kWords / std::max<uint64_t>(nearest, 1) + 1);
  if (needed <= kMost) return std::max(kFewest, needed);
  return std::max(kFewest, std::bit_ceil(2 * last.size()));
}

}  // namespace

WordTable::WordTable(const Distribution& distribution) : values_(Support(distribution)) {
  last_.reserve(values_.size());
  for (size_t i = 0; i + 1 < values_.size(); ++i) {
    last_.push_back(LastWord(distribution, values_, i));
  }
  last_.push_back(std::numeric_limits<uint32_t>::max());

  const size_t parts = PartsFor(last_);
  shift_ = 32 - std::countr_zero(parts);
  guide_.reserve(parts);
  size_t index = 0;
  one_step_ = true;
  for (uint64_t part = 0; part < parts; ++part) {
    while ((part << shift_) > last_[index]) ++index;
    guide_.push_back(static_cast<uint16_t>(index));
    const uint64_t last_word = (part << shift_) + ((uint64_t{1} << shift_) - 1);
    if (index + 1 < last_.size() && last_word > last_[index + 1]) one_step_ = false;
  }
}

}  // namespace dse
