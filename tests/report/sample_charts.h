#pragma once

#include <vector>

#include "analysis/report/report.h"

namespace dse {

// The charts of SampleReport, over its tables.
std::vector<Chart> SampleCharts();

}  // namespace dse
