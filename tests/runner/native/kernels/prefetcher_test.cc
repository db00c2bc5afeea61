#include "runner/native/kernels/prefetcher.h"

#include <array>
#include <catch2/catch.hpp>

namespace dse::prefetcher_test {

TEST_CASE("A prefetcher hands out the lines of its arrays in their order, until none is left") {
  std::array<float, 80> first{};  // 5 lines
  std::array<float, 16> second{};
  Prefetcher prefetcher;
  CHECK(prefetcher.Take(4).next() == &prefetcher);
  prefetcher.Add(first.data(), first.size());
  prefetcher.Add(second.data(), second.size());

  Prefetcher::Lines lines = prefetcher.Take(4);
  CHECK(lines.next() == first.data());
  lines.FetchOne();
  CHECK(lines.next() == first.data() + 16);
  CHECK(prefetcher.Take(4).next() == first.data() + 64);
  CHECK(prefetcher.Take(4).next() == second.data());
  lines = prefetcher.Take(4);
  CHECK(lines.next() == &prefetcher);
  lines.FetchOne();
  CHECK(lines.next() == &prefetcher);

  prefetcher.Add(first.data(), first.size());
  prefetcher.Clear();
  CHECK(prefetcher.Take(1).next() == &prefetcher);
}

TEST_CASE("A prefetcher takes as many arrays as it has room for") {
  const std::array<float, 16> line{};
  Prefetcher prefetcher;
  for (int i = 0; i < 100; ++i) prefetcher.Add(line.data(), line.size());
  int taken = 0;
  while (prefetcher.Take(1).next() == line.data()) ++taken;
  CHECK(taken == 12);
  CHECK(Prefetcher::MostFloats() > 0);
}

}  // namespace dse::prefetcher_test
