#pragma once

#include <span>

#include "core/fit.h"

namespace dse {

// Parameters that are easier to read and make the same block widths for `depth` blocks as those of
// `fit` (by core/regnet.h), with the same e_fit: from the coarsest of a few grids, {w0 step 8, wa
// step 1, wm step 0.1} first and the RegNet space's own (8, 0.1, 0.001) among them, that has such a
// point near `fit`; `fit` itself where none has. w0, wa stay in 8..256, wm in 1.5..3, where those
// of `fit` are too. 1 <= depth <= kMaxDepth.
Fit RoundParameters(const Fit& fit, int depth);

}  // namespace dse
