#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "analysis/fit/fit_box.h"

namespace dse {

// Bounds from below what e_fit (core/fit.h) of one network can be inside a box.
class FitBound {
 public:
  // What is below `e_fit` is not in the box. Where neither is open, every point predicts the same
  // widths and `e_fit` is what they give.
  struct Value {
    double e_fit = 0;
    bool widths_open = false;  // some level's width differs inside the box
    bool levels_open = false;  // some block's level differs inside the box
  };

  // `widths` of all blocks, first to last: not empty, at most kMaxDepth, each at least 1.
  explicit FitBound(std::span<const int> widths);

  // w0 >= 8, slope > 0 and root > 1 in the whole box. Rounding errors of 1e-13 on either side of a
  // tie are allowed for, so a point on a tie counts as open. Works harder where the bound would
  // otherwise be below `enough`; then parts of the box thinner than 1e-12 are left out.
  Value Of(const FitBox& box, double enough);
  // The same where w0 and wm have these very values and only the slope is free.
  Value OfSlopes(double w0, double wm, const FitBox& box);

  size_t Runs() const { return runs_.size(); }

 private:
  // log(1 + 32 * 511) / log(1.5) = 23.9, so levels reach 24; one more where they end.
  static constexpr size_t kLevels = 26;

  // Neighbouring blocks of equal width.
  struct Run {
    int begin = 0;
    int end = 0;
    double log_width = 0;
  };
  // The widths a level may have: two of them when `log_high` is the next multiple of 8.
  struct Level {
    double lowest = 0;  // in multiples of 8
    double log_low = 0;
    double log_high = 0;
    int multiples = 0;    // from the lowest to the highest, less one
    int first_start = 0;  // the earliest and the latest block the level may start with
    int last_start = 0;
  };

  void SetLevels(const FitBox& box);
  void SetWidths(Level& level, double low, double high) const;
  Value Openness() const;
  bool FewWaysToDivide() const;
  double DividedBlocks();
  double ConsistentWidths(const FitBox& box);
  double SeparateBlocks() const;
  double CostOf(const Level& level, int begin, int end) const;
  double CostAt(double log_width, int begin, int end) const;

  int depth_;
  std::vector<Run> runs_;
  size_t count_ = 0;  // of levels in the box; levels_[count_] starts behind the last block
  std::array<Level, kLevels + 1> levels_;
  std::vector<double> costs_;
  std::vector<double> next_costs_;
};

}  // namespace dse
