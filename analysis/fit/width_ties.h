#pragma once

#include <bitset>
#include <cstddef>
#include <span>

#include "analysis/fit/fit_box.h"

namespace dse {

// Where the width of a level goes over from one multiple of 8 to the next: at log w0 + level * log
// wm = log_width.
struct WidthTie {
  size_t level = 0;
  double log_width = 0;
};

inline constexpr size_t kMostTies = 8;
using TieSides = std::bitset<size_t{1} << kMostTies>;

// On which sides of their ties several levels can be at once inside a box. Bit s of the result:
// there is a point where tie i is exceeded for exactly those i whose bit in s is set. All bits for
// a box in which wm has one value; otherwise parts of the box thinner than 1e-12 in log w0 or log
// wm may be left out. At most kMostTies ties, of different levels in ascending order.
TieSides PossibleSides(std::span<const WidthTie> ties, const FitBox& box);

}  // namespace dse
