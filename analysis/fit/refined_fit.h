#pragma once

#include <span>

#include "core/fit.h"

namespace dse {

struct RefinedFit {
  Fit fit;
  // Whether the whole space was searched: nothing has an e_fit below fit.e_fit - 1e-12, save
  // perhaps cells of parameters thinner than 1e-12 and single points in which several roundings
  // happen to tie. False where the search hit its limit or met a place with more ties than it can
  // tell apart.
  bool proven = false;
};

// The quantized linear fit of a network over continuous parameters, w0 and wa in 8..256, wm in
// 1.5..3 (core/fit.h names it): the optimum of the e_fit that FitQuantizedLinear minimises over its
// grid, by branch and bound from `start`, a fit of the same widths (the grid's). Never worse than
// `start`, which is returned as it is unless something is better by more than 1e-12. Of other equal
// fits the first in a fixed order of search wins, and is moved to round numbers that predict the
// same widths (analysis/fit/round_parameters.h). `widths` and errors as FitQuantizedLinear.
// Thread-safe.
RefinedFit RefineQuantizedLinear(std::span<const int> widths, const Fit& start);

}  // namespace dse
