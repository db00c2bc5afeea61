#include "analysis/fit/quantized_linear_fit.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "analysis/fit/width_grid.h"
#include "core/error.h"
#include "core/model.h"

namespace dse {
namespace {

constexpr double kTie = 1e-12;
constexpr int kLanes = WidthGrid::kLanes;
constexpr int kCells = WidthGrid::kCells;
constexpr int kChunkDepth = WidthGrid::kChunkDepth;

// Finds the best point for one network. Works on sums over blocks, e_fit times the depth. Cells
// whose sum cannot come near the best one are left out by a bound that needs no lanes; the sums
// that remain are added block by block from the first, as the formula reads.
class Search {
 public:
  explicit Search(std::span<const int> widths)
      : slack_(2 * kTie * static_cast<double>(widths.size())) {
    for (int width : widths) observed_.push_back(std::log(static_cast<double>(width)));
    for (size_t first = 0; first < observed_.size(); first += kChunkDepth) {
      chunks_.push_back(&WidthGrid::ChunkAt(static_cast<int>(first) / kChunkDepth));
    }
  }

  Fit Run() {
    const std::vector<double> bounds = LowerBounds();
    const int first =
        static_cast<int>(std::min_element(bounds.begin(), bounds.end()) - bounds.begin());
    Visit(first);
    for (int cell = 0; cell < kCells; ++cell) {
      if (cell != first && bounds[static_cast<size_t>(cell)] <= best_ + kBoundSlack) Visit(cell);
    }
    return Best();
  }

 private:
  // Bounds are summed from other numbers than the sums, so rounding may lift one above its sum.
  static constexpr double kBoundSlack = 1e-9;

  struct Candidate {
    int number = 0;
    double sum = 0;
  };

  size_t RowsOf(size_t chunk) const {
    return std::min<size_t>(kChunkDepth, observed_.size() - chunk * kChunkDepth);
  }

  // For each cell, what no point in it can fall below: the distance from each observed width to the
  // range of the cell's predictions.
  std::vector<double> LowerBounds() const {
    std::vector<double> bounds(kCells);
    for (size_t c = 0; c < chunks_.size(); ++c) {
      for (size_t row = 0; row < RowsOf(c); ++row) {
        const double observed = observed_[c * kChunkDepth + row];
        const double* smallest = &chunks_[c]->smallest[row * kCells];
        const double* largest = &chunks_[c]->largest[row * kCells];
        for (size_t cell = 0; cell < kCells; ++cell) {
          const double outside = std::max(smallest[cell] - observed, observed - largest[cell]);
          bounds[cell] += std::max(outside, 0.0);
        }
      }
    }
    return bounds;
  }

  void Visit(int cell) {
    std::array<double, kLanes> sums{};
    for (size_t c = 0; c < chunks_.size(); ++c) {
      const double* logs = &chunks_[c]->logs[static_cast<size_t>(cell) * kChunkDepth * kLanes];
      for (size_t row = 0; row < RowsOf(c); ++row, logs += kLanes) {
        const double observed = observed_[c * kChunkDepth + row];
        for (size_t lane = 0; lane < kLanes; ++lane) sums[lane] += std::fabs(logs[lane] - observed);
      }
      if (*std::min_element(sums.begin(), sums.end()) > best_ + slack_) return;
    }
    for (size_t lane = 0; lane < kLanes; ++lane) {
      if (sums[lane] > best_ + slack_) continue;
      if (sums[lane] < best_ - slack_) candidates_.clear();
      best_ = std::min(best_, sums[lane]);
      candidates_.push_back({cell * kLanes + static_cast<int>(lane), sums[lane]});
    }
  }

  // Of the points within kTie of the smallest error the first one.
  Fit Best() const {
    const double depth = static_cast<double>(observed_.size());
    const double limit = best_ / depth + kTie;
    const Candidate* winner = nullptr;
    for (const Candidate& candidate : candidates_) {
      if (candidate.sum / depth > limit) continue;
      if (!winner || candidate.number < winner->number) winner = &candidate;
    }
    const WidthGrid::Point point = WidthGrid::PointAt(winner->number);
    return {point.w0, point.wa, point.wm, winner->sum / depth};
  }

  double slack_;
  std::vector<double> observed_;  // log widths
  std::vector<const WidthGrid::Chunk*> chunks_;
  double best_ = std::numeric_limits<double>::infinity();
  std::vector<Candidate> candidates_;
};

}  // namespace

void RequireFittable(std::span<const int> widths) {
  if (widths.empty()) throw Error("a network without blocks has no quantized linear fit");
  if (widths.size() > kMaxDepth) {
    throw Error("a quantized linear fit takes networks of at most " + std::to_string(kMaxDepth) +
                " blocks, not " + std::to_string(widths.size()));
  }
  if (*std::min_element(widths.begin(), widths.end()) < 1) {
    throw Error("a quantized linear fit needs block widths of at least 1");
  }
}

Fit FitQuantizedLinear(std::span<const int> widths) {
  RequireFittable(widths);
  return Search(widths).Run();
}

}  // namespace dse
