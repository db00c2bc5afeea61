#pragma once

#include <cstdint>
#include <string>

#include "analysis/report/report.h"
#include "analysis/statistics/interval.h"

namespace dse {

// Cells of tables.
ReportCell TextCell(std::string text);
ReportCell NumberCell(const char* format, double value);  // printf format
ReportCell PercentCell(double value);
ReportCell IntervalCell(const Interval& interval);
ReportCell CountCell(int64_t count);
ReportCell PropertyCell(const std::string& property, double value);  // "-" for NaN

}  // namespace dse
