#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/rng.h"

namespace dse {

// Many draws with replacement from the places 0..n-1, uniform without bias: what resampling needs,
// several times faster than RandomStream::Below because Philox makes 16 blocks of words at once.
// Equal (key, stream, n) give equal draws, however they are divided among calls; other streams are
// independent. Not shared between threads. 0 < n < 2^32.
class IndexDraws {
 public:
  IndexDraws(uint64_t key, uint64_t stream, uint32_t n);
  void Fill(std::span<uint32_t> out);

 private:
  static constexpr size_t kBlock = 4 * static_cast<size_t>(kPhiloxLanes);

  // The next kBlock draws.
  void MakeBlock(uint32_t* out);

  uint64_t key_;
  uint64_t stream_;
  uint32_t n_;
  uint32_t reject_below_;  // 2^32 mod n: low halves of products that would favour some places
  uint64_t next_counter_ = 0;
  RandomStream spare_;  // draws in the place of rejected ones
  size_t used_ = kBlock;
  std::array<uint32_t, kBlock> block_{};
};

}  // namespace dse
