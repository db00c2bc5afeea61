#pragma once

#include <cstdint>
#include <vector>

#include "sampler/distribution.h"

namespace dse {

// A discrete distribution as a look-up on one random word: exactly IndexAt at u = (word + 1/2) /
// 2^32 for each of the 2^32 words. `last_[i]` is the largest word that gives index i or a smaller
// one; the guide holds the index of the first word of every equal part of the words. Where parts
// are so many that none holds the ends of two values, a draw takes no jump that cannot be foreseen.
class WordTable {
 public:
  explicit WordTable(const Distribution& distribution);

  size_t Index(uint32_t word) const {
    size_t index = guide_[word >> shift_];
    index += word > last_[index];
    if (!one_step_) {
      while (word > last_[index]) ++index;
    }
    return index;
  }
  double Value(uint32_t word) const { return values_[Index(word)]; }
  const std::vector<double>& values() const { return values_; }

 private:
  std::vector<double> values_;
  std::vector<uint32_t> last_;
  std::vector<uint16_t> guide_;
  int shift_ = 0;
  bool one_step_ = false;
};

}  // namespace dse
