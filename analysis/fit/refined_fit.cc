#include "analysis/fit/refined_fit.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "analysis/fit/fit_bound.h"
#include "analysis/fit/fit_box.h"
#include "analysis/fit/quantized_linear_fit.h"
#include "analysis/fit/round_parameters.h"
#include "core/regnet.h"

namespace dse {
namespace {

using Range = FitBox::Range;

constexpr double kBetterBy = 1e-12;
constexpr double kTyingMultiplier = 3;

Range RootRange() { return {std::sqrt(kMultiplierRange.low), std::sqrt(kMultiplierRange.high)}; }

double Into(Range range, double value) { return std::clamp(value, range.low, range.high); }

// By how much a range is longer than nothing, relatively.
double Extent(Range range) { return range.high / range.low - 1; }

double Center(Range range) { return std::sqrt(range.low * range.high); }

// Best first: the box with the smallest bound is looked at next, of equal ones the oldest. It is
// halved across the side that lifts the bounds of the halves the most.
class RefinedSearch {
 public:
  RefinedSearch(std::span<const int> widths, const Fit& start)
      : widths_(widths),
        predicted_(widths.size()),
        levels_(widths.size()),
        bound_(widths),
        best_(start) {
    for (int width : widths) observed_.push_back(std::log(static_cast<double>(width)));
  }

  RefinedFit Run() {
    AddSpace();
    AddTies();
    const int64_t limit = kMostWork / static_cast<int64_t>(bound_.Runs());
    int64_t boxes = 0;
    while (!boxes_.empty() && Promising(boxes_.front().value.e_fit) && boxes < limit) {
      ++boxes;
      std::pop_heap(boxes_.begin(), boxes_.end(), Later);
      const Bounded next = boxes_.back();
      boxes_.pop_back();
      Explore(next);
    }
    if (!boxes_.empty()) unsettled_ = std::min(unsettled_, boxes_.front().value.e_fit);
    const bool proven = !Promising(unsettled_);
    if (improved_) best_ = RoundParameters(best_, static_cast<int>(widths_.size()));
    return {best_, proven};
  }

 private:
  // Boxes times runs of equal widths.
  static constexpr int64_t kMostWork = 1'000'000;
  // Boxes are not halved across shorter sides.
  static constexpr double kShortest = 1e-11;

  struct Bounded {
    FitBox box;
    bool at_ties = false;  // has wm = kTyingMultiplier exactly, and one w0
    FitBound::Value value;
    int64_t number = 0;
  };
  static bool Later(const Bounded& a, const Bounded& b) {
    if (a.value.e_fit != b.value.e_fit) return a.value.e_fit > b.value.e_fit;
    return a.number > b.number;
  }

  struct Halves {
    std::array<Bounded, 2> parts;
    double gain = -1;
    double extent = 0;
  };

  bool Promising(double e_fit) const { return e_fit < best_.e_fit - kBetterBy; }

  void Add(Bounded part) {
    part.number = ++added_;
    boxes_.push_back(part);
    std::push_heap(boxes_.begin(), boxes_.end(), Later);
  }

  void AddSpace();
  void AddTies();
  FitBound::Value BoundOf(const Bounded& part);
  void Explore(const Bounded& next);
  Halves Halve(const Bounded& whole, Range FitBox::*side);
  static bool CutToRange(FitBox& box);
  void TryInside(const Bounded& whole);
  void Try(double w0, double wa, double wm);

  std::span<const int> widths_;
  std::vector<double> observed_;  // log widths
  std::vector<int> predicted_;
  std::vector<int> levels_;
  FitBound bound_;
  Fit best_;
  bool improved_ = false;
  double unsettled_ = std::numeric_limits<double>::infinity();  // least of what may be missed
  std::vector<Bounded> boxes_;                                  // a heap
  int64_t added_ = 0;
};

void RefinedSearch::AddSpace() {
  Bounded space;
  space.box = {kLinearRange,
               {kLinearRange.low / kLinearRange.high, kLinearRange.high / kLinearRange.low},
               RootRange()};
  space.value = BoundOf(space);
  Add(space);
}

// For w0 = 12, 20, ... and wm = 3 every level ties, and half-even rounding makes widths that no
// parameters near these make: 16, 32, 112 of 12, 36, 108. Nowhere else do two levels tie exactly
// in doubles: of w0 * wm^l = 4 p and w0 * wm^k = 4 q with p and q odd, wm^(k - l) = q / p is no
// dyadic fraction unless it is an odd integer.
void RefinedSearch::AddTies() {
  Bounded part;
  part.at_ties = true;
  const double root = std::sqrt(kTyingMultiplier);
  for (double w0 = 12; w0 < kLinearRange.high; w0 += 8) {
    part.box = {{w0, w0}, {kLinearRange.low / w0, kLinearRange.high / w0}, {root, root}};
    part.value = BoundOf(part);
    if (Promising(part.value.e_fit)) Add(part);
  }
}

FitBound::Value RefinedSearch::BoundOf(const Bounded& part) {
  if (part.at_ties) return bound_.OfSlopes(part.box.w0.low, kTyingMultiplier, part.box);
  return bound_.Of(part.box, best_.e_fit - kBetterBy);
}

void RefinedSearch::Explore(const Bounded& next) {
  const FitBox& box = next.box;
  TryInside(next);
  if (!Promising(next.value.e_fit)) return;
  Halves best;
  const auto consider = [&](Range FitBox::*side) {
    if (Extent(box.*side) < kShortest) return;
    const Halves halves = Halve(next, side);
    constexpr double kSame = 1e-15;
    if (halves.gain > best.gain + kSame ||
        (halves.gain > best.gain - kSame && halves.extent > best.extent)) {
      best = halves;
    }
  };
  if (next.value.widths_open) consider(&FitBox::w0);
  if (next.value.levels_open) consider(&FitBox::slope);
  consider(&FitBox::root);
  if (best.gain < 0) {
    unsettled_ = std::min(unsettled_, next.value.e_fit);
    return;
  }
  for (const Bounded& part : best.parts) {
    if (Promising(part.value.e_fit)) Add(part);
  }
}

RefinedSearch::Halves RefinedSearch::Halve(const Bounded& whole, Range FitBox::*side) {
  Halves halves;
  halves.extent = Extent(whole.box.*side);
  halves.gain = -2 * whole.value.e_fit;
  const double center = Center(whole.box.*side);
  for (size_t i = 0; i < 2; ++i) {
    Bounded& part = halves.parts[i];
    part.box = whole.box;
    part.at_ties = whole.at_ties;
    (i == 0 ? (part.box.*side).low : (part.box.*side).high) = center;
    part.value.e_fit = std::numeric_limits<double>::infinity();
    if (CutToRange(part.box)) part.value = BoundOf(part);
    part.value.e_fit = std::max(part.value.e_fit, whole.value.e_fit);
    halves.gain += std::min(part.value.e_fit, best_.e_fit);
  }
  halves.gain = std::max(halves.gain, 0.0);
  return halves;
}

// Leaves what has wa = slope * w0 in range; false if nothing has.
bool RefinedSearch::CutToRange(FitBox& box) {
  box.slope.low = std::max(box.slope.low, kLinearRange.low / box.w0.high);
  box.slope.high = std::min(box.slope.high, kLinearRange.high / box.w0.low);
  if (box.slope.low > box.slope.high) return false;
  box.w0.low = std::max(box.w0.low, kLinearRange.low / box.slope.high);
  box.w0.high = std::min(box.w0.high, kLinearRange.high / box.slope.low);
  return box.w0.low <= box.w0.high;
}

void RefinedSearch::TryInside(const Bounded& whole) {
  const double w0 = Into(kLinearRange, Center(whole.box.w0));
  const double wa = Into(kLinearRange, Center(whole.box.slope) * w0);
  const double root = Center(whole.box.root);
  const double wm = whole.at_ties ? kTyingMultiplier : Into(kMultiplierRange, root * root);
  Bounded point = whole;
  point.box = {{w0, w0}, {wa / w0, wa / w0}, {std::sqrt(wm), std::sqrt(wm)}};
  if (Promising(BoundOf(point).e_fit)) Try(w0, wa, wm);
}

// By the generator itself, summed as the formula reads.
void RefinedSearch::Try(double w0, double wa, double wm) {
  RegNetBlockWidths(w0, wa, wm, predicted_, levels_);
  double sum = 0;
  for (size_t j = 0; j < observed_.size(); ++j) {
    sum += std::fabs(std::log(static_cast<double>(predicted_[j])) - observed_[j]);
  }
  const double e_fit = sum / static_cast<double>(observed_.size());
  if (!Promising(e_fit)) return;
  best_ = {w0, wa, wm, e_fit};
  improved_ = true;
}

}  // namespace

RefinedFit RefineQuantizedLinear(std::span<const int> widths, const Fit& start) {
  RequireFittable(widths);
  return RefinedSearch(widths, start).Run();
}

}  // namespace dse
