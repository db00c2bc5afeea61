#pragma once

#include "analysis/report/report.h"

namespace dse {

// A made-up study with a chart of every shape reports have, names that try to break out of HTML,
// JavaScript and JSON, a long table and a drawing.
Report SampleReport();

}  // namespace dse
