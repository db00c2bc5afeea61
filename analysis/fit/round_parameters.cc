#include "analysis/fit/round_parameters.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "analysis/fit/fit_box.h"
#include "core/regnet.h"

namespace dse {
namespace {

using Range = FitBox::Range;

// A grid as numbers of points in a unit: dividing by them gives the double nearest to a decimal.
struct Steps {
  double w0;
  double wa;
  double wm;
};
constexpr Steps kSteps[] = {{0.125, 1, 10},  {0.125, 1, 100}, {0.125, 10, 100}, {0.125, 10, 1000},
                            {1, 10, 1000},   {10, 100, 1e4},  {100, 1000, 1e5}, {1000, 1e4, 1e6},
                            {1e5, 1e6, 1e8}, {1e7, 1e8, 1e10}};

// Points of a grid inside `range`, the nearest to `center` first, at most `most`.
std::vector<double> Nearest(Range range, double center, double per_unit, int most) {
  std::vector<double> points;
  const double middle = std::round(std::clamp(center, range.low, range.high) * per_unit);
  for (int i = 0; i < most; ++i) {
    const int away = (i + 1) / 2;
    const double point = (middle + (i % 2 == 0 ? away : -away)) / per_unit;
    if (point >= range.low && point <= range.high) points.push_back(point);
  }
  return points;
}

// The parameters that predict the same as those of one fit.
class Cell {
 public:
  Cell(const Fit& fit, int depth)
      : fit_(fit),
        widths_(static_cast<size_t>(depth)),
        levels_(widths_.size()),
        other_widths_(widths_.size()),
        other_levels_(widths_.size()) {
    RegNetBlockWidths(fit.w0, fit.wa, fit.wm, widths_, levels_);
  }

  // Looks on one grid for a point of the cell; false leaves `found` alone.
  bool Find(const Steps& steps, Fit& found) {
    constexpr int kMostW0 = 16;
    constexpr int kMostWm = 64;
    const Range w0_range = Around(widths_[0], kLinearRange);
    for (double w0 : Nearest(w0_range, fit_.w0, steps.w0, kMostW0)) {
      const Range wm_range = MultipliersFor(w0);
      if (wm_range.low > wm_range.high) continue;
      for (double wm : Nearest(wm_range, fit_.wm, steps.wm, kMostWm)) {
        const Range wa_range = SlopesFor(w0, wm);
        if (wa_range.low > wa_range.high) continue;
        const double middle = (wa_range.low + wa_range.high) / 2;
        for (double wa : Nearest(wa_range, middle, steps.wa, 1)) {
          if (!Has(w0, wa, wm)) continue;
          found = {w0, wa, wm, fit_.e_fit};
          return true;
        }
      }
    }
    return false;
  }

 private:
  // What rounds to `width`, inside `range`.
  static Range Around(int width, Range range) {
    return {std::max(range.low, width - 4.0), std::min(range.high, width + 4.0)};
  }

  Range MultipliersFor(double w0) const {
    Range range = kMultiplierRange;
    for (size_t j = 1; j < levels_.size(); ++j) {
      if (levels_[j] == levels_[j - 1]) continue;
      const double root = 1.0 / levels_[j];
      range.low = std::max(range.low, std::pow((widths_[j] - 4) / w0, root));
      range.high = std::min(range.high, std::pow((widths_[j] + 4) / w0, root));
    }
    return range;
  }

  // wa for which each block is on its level: wm^(level - 1/2) <= 1 + wa / w0 * j <= wm^(level +
  // 1/2).
  Range SlopesFor(double w0, double wm) const {
    Range range = kLinearRange;
    for (size_t j = 1; j < levels_.size(); ++j) {
      const bool first = levels_[j] != levels_[j - 1];
      const bool last = j + 1 == levels_.size() || levels_[j + 1] != levels_[j];
      const double per_block = w0 / static_cast<double>(j);
      if (first) {
        range.low = std::max(range.low, (std::pow(wm, levels_[j] - 0.5) - 1) * per_block);
      }
      if (last) {
        range.high = std::min(range.high, (std::pow(wm, levels_[j] + 0.5) - 1) * per_block);
      }
    }
    return range;
  }

  bool Has(double w0, double wa, double wm) {
    RegNetBlockWidths(w0, wa, wm, other_widths_, other_levels_);
    return other_widths_ == widths_;
  }

  Fit fit_;
  std::vector<int> widths_;
  std::vector<int> levels_;
  std::vector<int> other_widths_;
  std::vector<int> other_levels_;
};

}  // namespace

Fit RoundParameters(const Fit& fit, int depth) {
  Cell cell(fit, depth);
  Fit found = fit;
  for (const Steps& steps : kSteps) {
    if (cell.Find(steps, found)) break;
  }
  return found;
}

}  // namespace dse
