#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/model.h"

namespace dse {

// Nearest integer, ties to even, as numpy rounds: every rounding of the method. Half away from zero
// gives RegNetX-400MF a last width of 400 instead of 384.
double RoundHalfEven(double value);

// Equations (2)-(4) of the paper: u_j = w0 + wa*j, s_j from u_j = w0 * wm^s_j, w_j = w0 *
// wm^round(s_j), rounded to a multiple of 8. Fills widths[j] and levels[j] = round(s_j) for 0 <= j
// < widths.size(); both spans have the same size. wa >= 0, w0 > 0, wm > 1.
void RegNetBlockWidths(double w0, double wa, double wm, std::span<int> widths,
                       std::span<int> levels);

enum class RegNetRejection { kNone, kStageCount, kEmptyLevel, kEqualWidths };

// Groups the block widths into stages (depth and width alone) in O(stages): the same as going
// through RegNetBlockWidths. Writes them to `stages` and their number to `count`, at most
// kMaxStages + 1. A network that is not `kNone` is not in the space, and its `stages` are not
// complete: another number of stages than `wanted` (0 = any up to kMaxStages), a level without
// blocks, two levels of equal width, told apart in this order.
RegNetRejection RegNetStages(const RegNetParameters& parameters, int wanted,
                             std::span<Stage> stages, int& count);

// The resolved network with these parameters inside `frame`, strides by the stem's default. Throws
// Error (starting with `where`) for parameters out of range or rejected as above.
Model RegNetModel(const Frame& frame, const RegNetParameters& parameters, int wanted_stages,
                  const std::string& where);

}  // namespace dse
