#include "core/rng.h"

#include <array>
#include <cmath>
#include <numbers>
#include <numeric>
#include <string>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "core/hash.h"

namespace dse {

namespace {

constexpr int kRounds = 10;
constexpr uint64_t kMultiplier0 = 0xD2511F53;
constexpr uint64_t kMultiplier1 = 0xCD9E8D57;
constexpr uint32_t kWeyl0 = 0x9E3779B9;
constexpr uint32_t kWeyl1 = 0xBB67AE85;

constexpr uint32_t Low(uint64_t value) { return static_cast<uint32_t>(value); }
constexpr uint32_t High(uint64_t value) { return static_cast<uint32_t>(value >> 32); }

}  // namespace

PhiloxBlock Philox4x32(uint64_t key, uint64_t counter_high, uint64_t counter_low) {
  uint32_t key0 = Low(key);
  uint32_t key1 = High(key);
  PhiloxBlock c{Low(counter_low), High(counter_low), Low(counter_high), High(counter_high)};
  for (int round = 0; round < kRounds; ++round) {
    const uint64_t product0 = kMultiplier0 * c[0];
    const uint64_t product1 = kMultiplier1 * c[2];
    c = {High(product1) ^ c[1] ^ key0, Low(product1), High(product0) ^ c[3] ^ key1, Low(product0)};
    key0 += kWeyl0;
    key1 += kWeyl1;
  }
  return c;
}

namespace {

void PlainLanes(uint64_t key, uint64_t counter_high, uint64_t counter_low, uint32_t* out) {
  for (size_t i = 0; i < kPhiloxLanes; ++i) {
    const PhiloxBlock block = Philox4x32(key, counter_high + i, counter_low);
    for (size_t word = 0; word < 4; ++word) out[word * kPhiloxLanes + i] = block[word];
  }
}

#if defined(__x86_64__)

// Four lanes to a register, each in the low half of 64 bits; what is in the high halves is not
// read. Eight lanes at a time keep everything in registers.
[[gnu::target("avx2")]] void EightLanes(uint64_t key, uint64_t counter_high, uint64_t counter_low,
                                        uint32_t* out) {
  const __m256i multiplier0 = _mm256_set1_epi64x(int64_t{kMultiplier0});
  const __m256i multiplier1 = _mm256_set1_epi64x(int64_t{kMultiplier1});
  const __m256i lanes = _mm256_set_epi64x(3, 2, 1, 0);
  __m256i c[4][2];
  for (int i = 0; i < 2; ++i) {
    const auto first = static_cast<int64_t>(counter_high + 4 * static_cast<uint64_t>(i));
    c[0][i] = _mm256_set1_epi64x(static_cast<int64_t>(counter_low));
    c[1][i] = _mm256_srli_epi64(c[0][i], 32);
    c[2][i] = _mm256_add_epi64(_mm256_set1_epi64x(first), lanes);
    c[3][i] = _mm256_srli_epi64(c[2][i], 32);
  }
  uint32_t key0 = Low(key);
  uint32_t key1 = High(key);
  for (int round = 0; round < kRounds; ++round) {
    const __m256i round_key0 = _mm256_set1_epi64x(key0);
    const __m256i round_key1 = _mm256_set1_epi64x(key1);
    for (int i = 0; i < 2; ++i) {
      const __m256i product0 = _mm256_mul_epu32(c[0][i], multiplier0);
      const __m256i product1 = _mm256_mul_epu32(c[2][i], multiplier1);
      c[0][i] = _mm256_srli_epi64(product1, 32) ^ c[1][i] ^ round_key0;
      c[1][i] = product1;
      c[2][i] = _mm256_srli_epi64(product0, 32) ^ c[3][i] ^ round_key1;
      c[3][i] = product0;
    }
    key0 += kWeyl0;
    key1 += kWeyl1;
  }
  const __m256i low_halves = _mm256_setr_epi32(0, 2, 4, 6, 0, 0, 0, 0);
  for (int word = 0; word < 4; ++word) {
    for (int i = 0; i < 2; ++i) {
      const __m256i packed = _mm256_permutevar8x32_epi32(c[word][i], low_halves);
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out + word * kPhiloxLanes + 4 * i),
                       _mm256_castsi256_si128(packed));
    }
  }
}

void Avx2Lanes(uint64_t key, uint64_t counter_high, uint64_t counter_low, uint32_t* out) {
  for (size_t i = 0; i < kPhiloxLanes; i += 8) {
    EightLanes(key, counter_high + i, counter_low, out + i);
  }
}

#endif

using LanesFunction = void (*)(uint64_t, uint64_t, uint64_t, uint32_t*);

LanesFunction FastestLanes() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return Avx2Lanes;
#endif
  return PlainLanes;
}

}  // namespace

void Philox4x32Lanes(uint64_t key, uint64_t counter_high, uint64_t counter_low, uint32_t* out) {
  static const LanesFunction kFastest = FastestLanes();
  kFastest(key, counter_high, counter_low, out);
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
