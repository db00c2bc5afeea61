#pragma once

#include <string>

#include "analysis/statistics/edf.h"

namespace dse {

// The curve as twelve lines of ASCII, for errors up to `highest`: '#' wherever F reaches the level
// of the line. Throws Error unless the first error of the EDF lies below `highest`.
std::string PlotEdf(const Edf& edf, double highest);

}  // namespace dse
