#include "runner/data/images/blend.h"

#include <cstring>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace dse {
namespace {

constexpr int kHalf = kWeightOne / 2;

int First(WeightPair pair) { return static_cast<int>(pair & 0xffff); }
int Second(WeightPair pair) { return static_cast<int>(pair >> 16); }

uint8_t ToByte(int sum) { return static_cast<uint8_t>((sum + kHalf) >> kWeightBits); }

void PlainRows(const uint8_t* in, size_t pitch, int rows, std::span<const WeightPair> weights,
               size_t begin, size_t end, uint8_t* out) {
  for (size_t i = begin; i < end; ++i) {
    int sum = 0;
    const uint8_t* at = in + i;
    for (int k = 0; k < rows; ++k, at += pitch) {
      const WeightPair pair = weights[static_cast<size_t>(k / 2)];
      sum += *at * (k % 2 == 0 ? First(pair) : Second(pair));
    }
    out[i] = ToByte(sum);
  }
}

void PlainPixels(const uint8_t* in, std::span<const PixelTaps> taps, uint8_t* out) {
  for (const PixelTaps& tap : taps) {
    const uint8_t* at = in + 3 * static_cast<size_t>(tap.first);
    int sums[3] = {};
    for (const WeightPair pair : tap.weights) {
      for (int c = 0; c < 3; ++c) sums[c] += First(pair) * at[c] + Second(pair) * at[c + 3];
      at += 6;
    }
    for (int sum : sums) *out++ = ToByte(sum);
  }
}

#if defined(__x86_64__)

// Sixteen bytes at a time; returns how many bytes are done. A pair of rows is interleaved byte by
// byte, widened to 16 bits, and multiplied and added in one instruction.
[[gnu::target("avx2")]] size_t FastRows(const uint8_t* in, size_t pitch, int rows,
                                        std::span<const WeightPair> weights, size_t bytes,
                                        uint8_t* out) {
  const __m256i half = _mm256_set1_epi32(kHalf);
  size_t i = 0;
  for (; i + 16 <= bytes; i += 16) {
    __m256i low = half, high = half;
    const uint8_t* at = in + i;
    for (int k = 0; k < rows; k += 2, at += 2 * pitch) {
      const uint8_t* below = k + 1 < rows ? at + pitch : at;  // weighs 0 where there is none
      const __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
      const __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(below));
      const __m256i pair = _mm256_set1_epi32(static_cast<int>(weights[static_cast<size_t>(k / 2)]));
      const __m256i first = _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(a, b));
      const __m256i second = _mm256_cvtepu8_epi16(_mm_unpackhi_epi8(a, b));
      low = _mm256_add_epi32(low, _mm256_madd_epi16(first, pair));
      high = _mm256_add_epi32(high, _mm256_madd_epi16(second, pair));
    }
    const __m256i words = _mm256_packs_epi32(_mm256_srai_epi32(low, kWeightBits),
                                             _mm256_srai_epi32(high, kWeightBits));
    const __m256i ordered = _mm256_permute4x64_epi64(words, _MM_SHUFFLE(3, 1, 2, 0));
    const __m128i result =
        _mm_packus_epi16(_mm256_castsi256_si128(ordered), _mm256_extracti128_si256(ordered, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), result);
  }
  return i;
}

// Two neighbouring pixels at a time, their channels side by side.
[[gnu::target("avx2")]] void FastPixels(const uint8_t* in, std::span<const PixelTaps> taps,
                                        uint8_t* out) {
  const __m128i side_by_side =
      _mm_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1);
  for (const PixelTaps& tap : taps) {
    const uint8_t* at = in + 3 * static_cast<size_t>(tap.first);
    __m128i sums = _mm_set1_epi32(kHalf);
    for (const WeightPair pair : tap.weights) {
      const __m128i two = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(at));
      const __m128i channels = _mm_shuffle_epi8(two, side_by_side);
      const __m128i weights = _mm_set1_epi32(static_cast<int>(pair));
      sums = _mm_add_epi32(sums, _mm_madd_epi16(channels, weights));
      at += 6;
    }
    sums = _mm_srai_epi32(sums, kWeightBits);
    sums = _mm_packus_epi16(_mm_packs_epi32(sums, sums), sums);
    const int pixel = _mm_cvtsi128_si32(sums);
    std::memcpy(out, &pixel, 3);
    out += 3;
  }
}

const bool kFast = __builtin_cpu_supports("avx2") != 0;

#else

size_t FastRows(const uint8_t*, size_t, int, std::span<const WeightPair>, size_t, uint8_t*) {
  return 0;
}
void FastPixels(const uint8_t* in, std::span<const PixelTaps> taps, uint8_t* out) {
  PlainPixels(in, taps, out);
}
constexpr bool kFast = false;

#endif

}  // namespace

void BlendRows(const uint8_t* in, size_t pitch, int rows, std::span<const WeightPair> weights,
               size_t bytes, uint8_t* out) {
  const size_t done = kFast ? FastRows(in, pitch, rows, weights, bytes, out) : 0;
  PlainRows(in, pitch, rows, weights, done, bytes, out);
}

void BlendPixels(const uint8_t* in, std::span<const PixelTaps> taps, uint8_t* out) {
  if (kFast) {
    FastPixels(in, taps, out);
  } else {
    PlainPixels(in, taps, out);
  }
}

}  // namespace dse
