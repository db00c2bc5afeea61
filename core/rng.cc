#include "core/rng.h"

#include <cmath>
#include <numbers>
#include <numeric>
#include <string>

#include "core/hash.h"

namespace dse {

PhiloxBlock Philox4x32(uint64_t key, uint64_t counter_high, uint64_t counter_low) {
  constexpr uint64_t kMultiplier0 = 0xD2511F53;
  constexpr uint64_t kMultiplier1 = 0xCD9E8D57;
  constexpr uint32_t kWeyl0 = 0x9E3779B9;
  constexpr uint32_t kWeyl1 = 0xBB67AE85;
  auto key0 = static_cast<uint32_t>(key);
  auto key1 = static_cast<uint32_t>(key >> 32);
  PhiloxBlock c{static_cast<uint32_t>(counter_low), static_cast<uint32_t>(counter_low >> 32),
                static_cast<uint32_t>(counter_high), static_cast<uint32_t>(counter_high >> 32)};
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = kMultiplier0 * c[0];
    const uint64_t product1 = kMultiplier1 * c[2];
    c = {static_cast<uint32_t>(product1 >> 32) ^ c[1] ^ key0, static_cast<uint32_t>(product1),
         static_cast<uint32_t>(product0 >> 32) ^ c[3] ^ key1, static_cast<uint32_t>(product0)};
    key0 += kWeyl0;
    key1 += kWeyl1;
  }
  return c;
}

uint64_t StreamKey(uint64_t seed, std::string_view purpose) {
  return Sha256Word(std::to_string(seed) + "/" + std::string(purpose));
}

uint32_t RandomStream::NextWord() {
  if (used_ == 4) {
    block_ = Philox4x32(key_, stream_, next_block_++);
    used_ = 0;
  }
  return block_[static_cast<size_t>(used_++)];
}

uint64_t RandomStream::NextWord64() {
  const uint64_t low = NextWord();
  return low | uint64_t{NextWord()} << 32;
}

double RandomStream::Uniform() {
  constexpr double kStep = 0x1p-53;
  return (static_cast<double>(NextWord64() >> 11) + 0.5) * kStep;
}

uint64_t RandomStream::Below(uint64_t n) {
  __extension__ using Wide = unsigned __int128;
  Wide product = Wide{NextWord64()} * n;
  if (static_cast<uint64_t>(product) < n) {  // seldom, so the division is too
    const uint64_t reject_below = (0 - n) % n;
    while (static_cast<uint64_t>(product) < reject_below) product = Wide{NextWord64()} * n;
  }
  return static_cast<uint64_t>(product >> 64);
}

double RandomStream::Normal() {
  const double radius = std::sqrt(-2 * std::log(Uniform()));
  return radius * std::cos(2 * std::numbers::pi * Uniform());
}

std::vector<int64_t> Permutation(int64_t n, RandomStream& random) {
  std::vector<int64_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), int64_t{0});
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.Below(i)]);
  return order;
}

}  // namespace dse
