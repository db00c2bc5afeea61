#pragma once

#include <span>

#include "core/fit.h"

namespace dse {

// The quantized linear fit of a network (section 3.3 of the paper): over the grid w0, wa in 8..256
// step 8, wm in 1.5..3 step 0.05 (31,744 points, core/fit.h names it) the one with the smallest
// e_fit = mean_j |log(w_j predicted / w_j observed)|, predictions as core/regnet.h makes them, no
// grid point rejected for its stages. Fits within 1e-12 of the smallest tie: smallest w0, then wa,
// then wm. `widths` are the resolved widths of all blocks, first to last. Throws Error where there
// are none, more than kMaxDepth, or one below 1. Thread-safe; tables of predictions are shared and
// built as deep as networks need them, 5 MB for every 16 blocks.
Fit FitQuantizedLinear(std::span<const int> widths);

// Throws that Error.
void RequireFittable(std::span<const int> widths);

}  // namespace dse
