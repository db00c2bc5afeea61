#pragma once

#include <string>

#include "analysis/report/report.h"

namespace dse {

// A chart as a document of its own for papers: Vega-Lite 6 with its data inside, the light theme on
// white, each view 460 px wide. Throws Error for a source that is not in the report.
Json ChartDocument(const Report& report, const Chart& chart);

// A table as CSV (RFC 4180): a line of names, then a line per row, each ended by CR LF. Numbers are
// the shortest that read back the same; nothing is an empty field, an empty text is "".
std::string TableToCsv(const DataTable& table);

}  // namespace dse
