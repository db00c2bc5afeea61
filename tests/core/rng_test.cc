#include "core/rng.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <set>

namespace dse::rng_test {
namespace {

// Known answers of philox4x32-10 from the authors' Random123 distribution (kat_vectors). Our
// counter is (high, low) as two 64-bit words, low word first.
TEST_CASE("Philox gives the published known answers", "[rng]") {
  CHECK(Philox4x32(0, 0, 0) == PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(Philox4x32(~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}) ==
        PhiloxBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(Philox4x32(0x299f31d0a4093822, 0x0370734413198a2e, 0x85a308d3243f6a88) ==
        PhiloxBlock{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("streams with other keys or numbers are other numbers", "[rng]") {
  std::set<uint64_t> seen;
  for (const char* purpose : {"augment", "order"}) {
    for (uint64_t seed : {0, 1}) {
      for (uint64_t stream : {0, 1}) {
        seen.insert(RandomStream(StreamKey(seed, purpose), stream).NextWord64());
      }
    }
  }
  CHECK(seen.size() == 8);
}

TEST_CASE("a stream's first numbers are pinned", "[rng]") {
  RandomStream random(StreamKey(7, "pinned"), 3);
  const uint32_t first = random.NextWord();
  RandomStream again(StreamKey(7, "pinned"), 3);
  CHECK(again.NextWord() == first);
  RandomStream zero(0, 0);
  CHECK(zero.NextWord() == 0x6627e8d5);
}

TEST_CASE("uniform numbers lie inside (0, 1) and have its moments", "[rng]") {
  RandomStream random(StreamKey(1, "uniform"), 0);
  double sum = 0;
  double squares = 0;
  constexpr int kDraws = 200'000;
  for (int i = 0; i < kDraws; ++i) {
    const double u = random.Uniform();
    REQUIRE((u > 0 && u < 1));
    sum += u;
    squares += u * u;
  }
  // Five standard errors: sd of u 0.2887, of u^2 0.2981.
  CHECK(std::fabs(sum / kDraws - 0.5) < 5 * 0.2887 / std::sqrt(kDraws));
  CHECK(std::fabs(squares / kDraws - 1.0 / 3) < 5 * 0.2981 / std::sqrt(kDraws));
}

TEST_CASE("Below is uniform on a range that does not divide 2^64", "[rng]") {
  RandomStream random(StreamKey(2, "below"), 0);
  constexpr int kDraws = 70'000;
  int counts[7] = {};
  for (int i = 0; i < kDraws; ++i) ++counts[random.Below(7)];
  double chi_square = 0;
  for (const int count : counts) chi_square += std::pow(count - 10'000, 2) / 10'000;
  CHECK(chi_square < 22.46);  // 0.999 quantile with 6 degrees of freedom
}

TEST_CASE("normal numbers have mean 0 and variance 1", "[rng]") {
  RandomStream random(StreamKey(3, "normal"), 0);
  double sum = 0;
  double squares = 0;
  constexpr int kDraws = 200'000;
  for (int i = 0; i < kDraws; ++i) {
    const double z = random.Normal();
    sum += z;
    squares += z * z;
  }
  CHECK(std::fabs(sum / kDraws) < 5 / std::sqrt(kDraws));
  CHECK(std::fabs(squares / kDraws - 1) < 5 * std::sqrt(2.0 / kDraws));
}

TEST_CASE("a permutation holds each number once and every order is equally likely", "[rng]") {
  int counts[6] = {};
  for (uint64_t i = 0; i < 6000; ++i) {
    RandomStream random(StreamKey(4, "order"), i);
    std::vector<int64_t> order = Permutation(3, random);
    ++counts[order[0] * 2 + (order[1] > order[2] ? 1 : 0)];
    std::sort(order.begin(), order.end());
    REQUIRE(order == std::vector<int64_t>{0, 1, 2});
  }
  double chi_square = 0;
  for (const int count : counts) chi_square += std::pow(count - 1000, 2) / 1000.0;
  CHECK(chi_square < 20.52);  // 0.999 quantile with 5 degrees of freedom
}

TEST_CASE("Philox in lanes gives the words it gives one by one") {
  constexpr uint64_t kKey = 0x0123456789abcdef;
  std::array<uint32_t, 4 * kPhiloxLanes> lanes{};
  // Across the carry into the upper half of the counter.
  for (const uint64_t high : {uint64_t{0}, uint64_t{0xfffffff8}, uint64_t{1} << 40}) {
    for (const uint64_t low : {uint64_t{0}, uint64_t{5} << 33 | 7}) {
      Philox4x32Lanes(kKey, high, low, lanes.data());
      for (size_t i = 0; i < kPhiloxLanes; ++i) {
        const PhiloxBlock block = Philox4x32(kKey, high + i, low);
        for (size_t word = 0; word < 4; ++word)
          CHECK(lanes[word * kPhiloxLanes + i] == block[word]);
      }
    }
  }
}

}  // namespace
}  // namespace dse::rng_test
