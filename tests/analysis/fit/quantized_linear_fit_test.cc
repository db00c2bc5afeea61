#include "analysis/fit/quantized_linear_fit.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <thread>

#include "analysis/fit/width_grid.h"
#include "core/error.h"
#include "core/model.h"
#include "core/named_models.h"
#include "core/regnet.h"
#include "core/rng.h"
#include "tests/support/random_widths.h"

namespace dse::quantized_linear_fit_test {
namespace {

// The grid searched as the definition reads, by core's generator, for networks of up to kDepth
// blocks.
class BruteForce {
 public:
  BruteForce() {
    std::array<int, kDepth> levels;
    std::array<int, kDepth> widths;
    for (int w0 = 8; w0 <= 256; w0 += 8) {
      for (int wa = 8; wa <= 256; wa += 8) {
        for (int wm = 150; wm <= 300; wm += 5) {
          points_.push_back({double(w0), double(wa), wm / 100.0, 0});
          RegNetBlockWidths(w0, wa, wm / 100.0, widths, levels);
          for (int width : widths) logs_.push_back(std::log(double(width)));
        }
      }
    }
  }

  Fit Run(const std::vector<int>& widths) {
    REQUIRE(widths.size() <= kDepth);
    double smallest = INFINITY;
    for (size_t p = 0; p < points_.size(); ++p) {
      double sum = 0;
      for (size_t j = 0; j < widths.size(); ++j) {
        sum += std::fabs(logs_[p * kDepth + j] - std::log(double(widths[j])));
      }
      points_[p].e_fit = sum / double(widths.size());
      smallest = std::min(smallest, points_[p].e_fit);
    }
    return *std::find_if(points_.begin(), points_.end(),
                         [smallest](const Fit& fit) { return fit.e_fit <= smallest + 1e-12; });
  }

  static constexpr size_t kDepth = 34;

 private:
  std::vector<Fit> points_;
  std::vector<double> logs_;
};

void CheckSame(const Fit& fit, const Fit& expected) {
  CHECK(fit.w0 == expected.w0);
  CHECK(fit.wa == expected.wa);
  CHECK(fit.wm == expected.wm);
  CHECK(fit.e_fit == Approx(expected.e_fit).margin(1e-13));
}

TEST_CASE("RegNets have the fits a search with numpy found", "[fit]") {
  struct Case {
    const char* name;
    double w0, wa, wm, e_fit;
  };
  const Case cases[] = {
      {"regnetx-200mf", 24, 40, 2.50, 0.0219}, {"regnetx-400mf", 32, 24, 2.30, 0.0716},
      {"regnetx-800mf", 48, 40, 2.45, 0.0446}, {"regnetx-1.6gf", 72, 32, 2.30, 0.0376},
      {"regnetx-3.2gf", 88, 24, 2.20, 0.0558}, {"regnety-400mf", 48, 32, 2.10, 0.0547}};
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const Fit fit = FitQuantizedLinear(BlockWidths(NamedModel(c.name)));
    CHECK(fit.w0 == c.w0);
    CHECK(fit.wa == c.wa);
    CHECK(fit.wm == c.wm);
    CHECK(fit.e_fit == Approx(c.e_fit).margin(0.00005));
  }
}

TEST_CASE("the grid is 31,744 points and predicts what the generator makes", "[fit]") {
  using Grid = WidthGrid;
  std::array<int, Grid::kChunkDepth * 2> widths;
  std::array<int, Grid::kChunkDepth * 2> levels;
  int points = 0;
  int64_t different = 0;
  int64_t outside = 0;
  for (int number = 0; number < Grid::kCells * Grid::kLanes; ++number) {
    if (number % 32 == 31) continue;  // the lane without a point
    ++points;
    const Grid::Point point = Grid::PointAt(number);
    RegNetBlockWidths(point.w0, point.wa, point.wm, widths, levels);
    const auto cell = static_cast<size_t>(number / Grid::kLanes);
    for (size_t j = 0; j < widths.size(); ++j) {
      const Grid::Chunk& chunk = Grid::ChunkAt(static_cast<int>(j) / Grid::kChunkDepth);
      const size_t row = j % Grid::kChunkDepth;
      const double log_width = chunk.logs[(cell * Grid::kChunkDepth + row) * Grid::kLanes +
                                          size_t(number % Grid::kLanes)];
      different += log_width == std::log(double(widths[j])) ? 0 : 1;
      const size_t bound = row * Grid::kCells + cell;
      outside += chunk.smallest[bound] <= log_width && log_width <= chunk.largest[bound] ? 0 : 1;
    }
  }
  CHECK(points == 31'744);
  CHECK(different == 0);
  CHECK(outside == 0);
}

TEST_CASE("points are numbered by w0, then wa, then wm", "[fit]") {
  const auto is = [](int number, double w0, double wa, double wm) {
    const WidthGrid::Point point = WidthGrid::PointAt(number);
    return point.w0 == w0 && point.wa == wa && point.wm == wm;
  };
  CHECK(is(0, 8, 8, 1.5));
  CHECK(is(1, 8, 8, 1.55));
  CHECK(is(30, 8, 8, 3.0));
  CHECK(is(32, 8, 16, 1.5));
  CHECK(is(32 * 32, 16, 8, 1.5));
  CHECK(is(32 * 32 * 32 - 2, 256, 256, 3.0));
}

TEST_CASE("the search finds the optimum of brute force, ties included", "[fit]") {
  BruteForce brute_force;
  RandomStream random(StreamKey(1, "fit"), 0);
  for (int round = 0; round < 160; ++round) {
    const std::vector<int> widths = RandomWidths(random, round % 4, BruteForce::kDepth / 4);
    CAPTURE(widths);
    CheckSame(FitQuantizedLinear(widths), brute_force.Run(widths));
  }
  for (const std::vector<int>& widths : std::vector<std::vector<int>>{
           {8}, {256}, {16384}, {1}, {64, 64}, {1024, 8}, {8, 8, 8, 8}, {3, 100, 7}}) {
    CAPTURE(widths);
    CheckSame(FitQuantizedLinear(widths), brute_force.Run(widths));
  }
}

TEST_CASE("a tie goes to the smallest w0, then wa, then wm", "[fit]") {
  // One block: only w0 matters, and it fits exactly.
  const Fit one = FitQuantizedLinear(std::vector<int>{64});
  CHECK(one == Fit{64, 8, 1.5, 0});
  // 64 then 128: w0 = 64, and 64 * wm must round to 128, so wm is 1.95, 2 or 2.05. The line's
  // second value reaches level 1 from 64 * sqrt(wm) on, 89.4 for 1.95: wa = 24 (88) is too flat, wa
  // = 32 is not.
  const Fit two = FitQuantizedLinear(std::vector<int>{64, 128});
  CHECK(two == Fit{64, 32, 1.95, 0});
}

TEST_CASE("a network on the grid is fitted exactly", "[fit]") {
  std::vector<int> widths(40);
  std::vector<int> levels(40);
  RegNetBlockWidths(48, 32, 2.1, widths, levels);
  const Fit fit = FitQuantizedLinear(widths);
  CHECK(fit.e_fit == 0);
  std::vector<int> again(40);
  RegNetBlockWidths(fit.w0, fit.wa, fit.wm, again, levels);
  CHECK(again == widths);
}

TEST_CASE("the deepest networks are fitted too", "[fit]") {
  const int deepest = kMaxDepth / WidthGrid::kChunkDepth - 1;
  const WidthGrid::Chunk& chunk = WidthGrid::ChunkAt(deepest);
  std::vector<int> widths(kMaxDepth);
  std::vector<int> levels(kMaxDepth);
  for (int number : {0, 30, 31 * 32 + 3, 992, 9000, 32 * 32 * 32 - 2}) {
    const WidthGrid::Point point = WidthGrid::PointAt(number);
    RegNetBlockWidths(point.w0, point.wa, point.wm, widths, levels);
    const size_t last = static_cast<size_t>(number / WidthGrid::kLanes * WidthGrid::kChunkDepth +
                                            WidthGrid::kChunkDepth - 1);
    CHECK(chunk.logs[last * WidthGrid::kLanes + size_t(number % WidthGrid::kLanes)] ==
          std::log(double(widths.back())));
  }
}

TEST_CASE("threads share the tables", "[fit]") {
  const std::vector<int> widths(90, 128);
  std::array<Fit, 4> fits;
  std::vector<std::thread> threads;
  for (Fit& fit : fits) threads.emplace_back([&] { fit = FitQuantizedLinear(widths); });
  for (std::thread& thread : threads) thread.join();
  for (const Fit& fit : fits) CHECK(fit == fits[0]);
}

TEST_CASE("widths that no network has are refused", "[fit]") {
  CHECK_THROWS_AS(FitQuantizedLinear({}), Error);
  CHECK_THROWS_AS(FitQuantizedLinear(std::vector<int>{8, 0}), Error);
  CHECK_THROWS_AS(FitQuantizedLinear(std::vector<int>(kMaxDepth + 1, 8)), Error);
}

}  // namespace
}  // namespace dse::quantized_linear_fit_test
