#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace dse {

// Philox4x32-10, the counter-based generator of Salmon et al., "Parallel random numbers: as easy as
// 1, 2, 3" (SC 2011): four random words as a pure function of (key, counter). Any thread can make
// any part of a sequence, so results do not depend on how work is divided.
using PhiloxBlock = std::array<uint32_t, 4>;
PhiloxBlock Philox4x32(uint64_t key, uint64_t counter_high, uint64_t counter_low);

// The same for as many counters in a row as a processor does at once: word w of (key, counter_high
// + i, counter_low) goes to out[w * kPhiloxLanes + i], so `out` holds 4 * kPhiloxLanes words.
inline constexpr int kPhiloxLanes = 16;
void Philox4x32Lanes(uint64_t key, uint64_t counter_high, uint64_t counter_low, uint32_t* out);

// The key of a family of streams: a seed and what the stream is for ("augment", a space's hash).
// Different purposes give unrelated streams for one seed.
uint64_t StreamKey(uint64_t seed, std::string_view purpose);

// A reader of stream number `stream` under `key`. Cheap to make: one per candidate, per image.
// Not shared between threads. Every draw is defined here and not by <random>, whose distributions
// differ between standard libraries.
class RandomStream {
 public:
  RandomStream(uint64_t key, uint64_t stream) : key_(key), stream_(stream) {}

  uint32_t NextWord();
  uint64_t NextWord64();
  // Uniform in the open interval (0, 1), a multiple of 2^-53 plus 2^-54.
  double Uniform();
  double Uniform(double low, double high) { return low + (high - low) * Uniform(); }
  // Uniform on 0..n-1 without bias (Lemire 2019). n > 0.
  uint64_t Below(uint64_t n);
  bool Coin() { return (NextWord() & 1u) != 0; }
  // Standard normal (Box-Muller, one value a call).
  double Normal();

 private:
  uint64_t key_;
  uint64_t stream_;
  uint64_t next_block_ = 0;
  int used_ = 4;
  PhiloxBlock block_{};
};

// A uniformly random order of 0..n-1 (Fisher-Yates).
std::vector<int64_t> Permutation(int64_t n, RandomStream& random);

}  // namespace dse
