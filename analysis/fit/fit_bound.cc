#include "analysis/fit/fit_bound.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "analysis/fit/width_ties.h"
#include "core/model.h"
#include "core/regnet.h"

namespace dse {
namespace {

// Far above the rounding errors of the generator and of the powers below, some 1e-14.
constexpr double kSlack = 1e-13;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// log(8 k)
double LogOfMultiple(double k) {
  static const std::vector<double> table = [] {
    std::vector<double> logs(8192);
    for (size_t i = 1; i < logs.size(); ++i) logs[i] = std::log(8.0 * static_cast<double>(i));
    return logs;
  }();
  return k < static_cast<double>(table.size()) ? table[static_cast<size_t>(k)] : std::log(8 * k);
}

}  // namespace

FitBound::FitBound(std::span<const int> widths)
    : depth_(static_cast<int>(widths.size())),
      costs_(widths.size() + 1),
      next_costs_(widths.size() + 1) {
  static_assert(kMaxDepth == 512);  // kLevels counts on it
  for (int j = 0; j < depth_; ++j) {
    const int width = widths[static_cast<size_t>(j)];
    if (j == 0 || width != widths[static_cast<size_t>(j - 1)]) {
      runs_.push_back({j, j, std::log(static_cast<double>(width))});
    }
    runs_.back().end = j + 1;
  }
}

FitBound::Value FitBound::Of(const FitBox& box, double enough) {
  SetLevels(box);
  Value value = Openness();
  if (!FewWaysToDivide()) {
    value.e_fit = SeparateBlocks() / depth_;
    return value;
  }
  value.e_fit = DividedBlocks() / depth_;
  if (value.e_fit < enough && value.widths_open) {
    value.e_fit = std::max(value.e_fit, ConsistentWidths(box) / depth_);
  }
  return value;
}

FitBound::Value FitBound::OfSlopes(double w0, double wm, const FitBox& box) {
  SetLevels(box);
  double width = w0;
  for (size_t l = 0; l < count_; ++l, width *= wm) SetWidths(levels_[l], width, width);
  Value value = Openness();
  value.e_fit = (FewWaysToDivide() ? DividedBlocks() : SeparateBlocks()) / depth_;
  return value;
}

FitBound::Value FitBound::Openness() const {
  Value value;
  for (size_t l = 0; l < count_; ++l) {
    value.widths_open |= levels_[l].multiples > 0;
    value.levels_open |= levels_[l].first_start < levels_[l].last_start;
  }
  return value;
}

void FitBound::SetWidths(Level& level, double low, double high) const {
  const double highest = RoundHalfEven(high / 8);
  level.lowest = RoundHalfEven(low / 8);
  level.multiples = static_cast<int>(highest - level.lowest);
  level.log_low = LogOfMultiple(level.lowest);
  level.log_high = level.multiples == 0 ? level.log_low : LogOfMultiple(highest);
}

void FitBound::SetLevels(const FitBox& box) {
  const double per_slope_low = 1 / box.slope.low;
  const double per_slope_high = 1 / box.slope.high;
  double start_low = 1 / box.root.low;  // root^(2l - 1)
  double start_high = 1 / box.root.high;
  levels_[0].first_start = levels_[0].last_start = 0;
  for (count_ = 0; count_ < kLevels;) {
    SetWidths(levels_[count_], box.w0.low * start_low * box.root.low * (1 - kSlack),
              box.w0.high * start_high * box.root.high * (1 + kSlack));
    start_low *= box.root.low * box.root.low;
    start_high *= box.root.high * box.root.high;
    const double first = (start_low * (1 - kSlack) - 1) * per_slope_high;
    Level& next = levels_[++count_];
    if (first > depth_ - 1) break;
    const double last = (start_high * (1 + kSlack) - 1) * per_slope_low;
    next.first_start = static_cast<int>(std::ceil(first));
    next.last_start = last < depth_ ? std::min(static_cast<int>(last) + 1, depth_) : depth_;
  }
  levels_[count_].first_start = levels_[count_].last_start = depth_;
}

// Whether DividedBlocks takes little longer than SeparateBlocks.
bool FitBound::FewWaysToDivide() const {
  constexpr int kFew = 14;
  int ways = 0;  // of a level to start and end; one for each level when all is settled
  for (size_t l = 0; l < count_; ++l) {
    const int starts = levels_[l].last_start - levels_[l].first_start + 1;
    ways += starts * (levels_[l + 1].last_start - levels_[l + 1].first_start + 1);
  }
  return ways <= static_cast<int>(count_) + kFew;
}

// The best way to divide the blocks among the levels when every level may take any of its starts
// and of its widths, whatever the others take: by dynamic programming, costs_[i] being the least
// cost of the blocks before block first_start + i when the level starts there.
double FitBound::DividedBlocks() {
  costs_[0] = 0;
  for (size_t l = 0; l < count_; ++l) {
    const Level& level = levels_[l];
    const Level& next = levels_[l + 1];
    for (int end = next.first_start; end <= next.last_start; ++end) {
      double least = kInfinity;
      for (int begin = level.first_start; begin <= std::min(level.last_start, end); ++begin) {
        const double before = costs_[static_cast<size_t>(begin - level.first_start)];
        least = std::min(least, before + CostOf(level, begin, end));
      }
      next_costs_[static_cast<size_t>(end - next.first_start)] = least;
    }
    std::swap(costs_, next_costs_);
  }
  return costs_[0];
}

// The same with those widths only that levels have together somewhere in the box; 0 where that is
// too much work.
double FitBound::ConsistentWidths(const FitBox& box) {
  std::array<WidthTie, kMostTies> ties;
  size_t count = 0;
  for (size_t l = 0; l < count_; ++l) {
    const Level& level = levels_[l];
    if (level.multiples == 0) continue;
    if (level.multiples > 1 || count == kMostTies) return 0;
    ties[count++] = {l, std::log(8 * level.lowest + 4)};
  }
  if (count < 2) return 0;
  const TieSides possible = PossibleSides({ties.data(), count}, box);
  const std::array<Level, kLevels + 1> open = levels_;
  double least = kInfinity;
  for (size_t sides = 0; sides < size_t{1} << count; ++sides) {
    if (!possible[sides]) continue;
    for (size_t i = 0; i < count; ++i) {
      const size_t l = ties[i].level;
      levels_[l].multiples = 0;
      levels_[l].log_low = (sides >> i & 1) != 0 ? open[l].log_high : open[l].log_low;
    }
    least = std::min(least, DividedBlocks());
  }
  return least;
}

// The least cost of blocks begin .. end - 1 on this level, whose width they share.
double FitBound::CostOf(const Level& level, int begin, int end) const {
  if (begin == end) return 0;
  double least = CostAt(level.log_low, begin, end);
  if (level.multiples > 0) least = std::min(least, CostAt(level.log_high, begin, end));
  if (level.multiples > 1) {  // the cost is convex between observed widths
    for (const Run& run : runs_) {
      if (run.log_width > level.log_low && run.log_width < level.log_high) {
        least = std::min(least, CostAt(run.log_width, begin, end));
      }
    }
  }
  return least;
}

double FitBound::CostAt(double log_width, int begin, int end) const {
  double cost = 0;
  for (const Run& run : runs_) {
    const int blocks = std::min(end, run.end) - std::max(begin, run.begin);
    if (blocks > 0) cost += blocks * std::fabs(log_width - run.log_width);
  }
  return cost;
}

// Every block takes the best of its own levels and widths. Along the levels the distance from an
// observed width falls, then rises; so a block pays the least of all levels and, for each level
// that it must go beyond that one, the difference to the next.
double FitBound::SeparateBlocks() const {
  double cost = 0;
  std::array<double, kLevels> far;
  for (const Run& run : runs_) {
    size_t nearest = 0;
    for (size_t l = 0; l < count_; ++l) {
      const Level& level = levels_[l];
      far[l] = std::max({level.log_low - run.log_width, run.log_width - level.log_high, double{0}});
      if (far[l] < far[nearest]) nearest = l;
    }
    const int blocks = run.end - run.begin;
    cost += blocks * far[nearest];
    for (size_t l = nearest + 1; l < count_; ++l) {
      const int above = std::min(run.end - levels_[l].last_start, blocks);
      if (above <= 0) break;
      cost += above * (far[l] - far[l - 1]);
    }
    for (size_t l = nearest; l-- > 0;) {
      const int below = std::min(levels_[l + 1].first_start - run.begin, blocks);
      if (below <= 0) break;
      cost += below * (far[l] - far[l + 1]);
    }
  }
  return cost;
}

}  // namespace dse
