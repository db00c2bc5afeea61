#include "analysis/statistics/index_draws.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

namespace dse::index_draws_test {
namespace {

using Places = std::vector<uint32_t>;

Places Draw(uint64_t key, uint64_t stream, uint32_t n, size_t count) {
  Places places(count);
  IndexDraws(key, stream, n).Fill(places);
  return places;
}

TEST_CASE("draws of places are the words of Philox scaled", "[index_draws]") {
  // n = 2^16 rejects nothing: the draw is the upper half of the word.
  const Places places = Draw(5, 9, 1u << 16, 200);
  for (uint32_t i = 0; i < 200; ++i) {
    const uint32_t lane = i % 64 % 16;
    const PhiloxBlock block = Philox4x32(5, i / 64 * 16 + lane, 9);
    CHECK(places[i] == block[i % 64 / 16] >> 16);
  }
}

TEST_CASE("draws of places do not depend on how they are asked for", "[index_draws]") {
  const Places at_once = Draw(1, 2, 1000, 500);
  IndexDraws draws(1, 2, 1000);
  Places pieces;
  for (size_t size : {1u, 63u, 64u, 65u, 0u, 130u, 177u}) {
    Places piece(size);
    draws.Fill(piece);
    pieces.insert(pieces.end(), piece.begin(), piece.end());
  }
  CHECK(pieces == at_once);
  CHECK(Draw(1, 3, 1000, 500) != at_once);
  CHECK(Draw(2, 2, 1000, 500) != at_once);
  CHECK(Draw(1, 2, 1, 100) == Places(100, 0));
}

TEST_CASE("draws of places are uniform", "[index_draws]") {
  constexpr uint32_t kPlaces = 37;
  constexpr size_t kDraws = 370'000;
  std::vector<double> counts(kPlaces);
  for (uint32_t place : Draw(3, 0, kPlaces, kDraws)) counts.at(place) += 1;
  double chi_square = 0;
  for (double count : counts) chi_square += std::pow(count - 10'000, 2) / 10'000;
  CHECK(chi_square > 14);  // 0.01% and 99.99% of chi-square with 36 degrees are 12.7 and 79.5
  CHECK(chi_square < 79);
}

TEST_CASE("places that scaled words would favour are not favoured", "[index_draws]") {
  // n = 3 * 2^30: of the 2^32 words each third place would get two, the others one. Without
  // rejection a third of the places would have half of the draws.
  constexpr uint32_t kPlaces = 3u << 30;
  constexpr size_t kDraws = 90'000;
  std::vector<double> counts(3);
  for (uint32_t place : Draw(4, 0, kPlaces, kDraws)) counts[place % 3] += 1;
  for (double count : counts) CHECK(count == Approx(30'000).margin(600));  // sd 141
}

}  // namespace
}  // namespace dse::index_draws_test
