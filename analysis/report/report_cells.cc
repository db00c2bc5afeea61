#include "analysis/report/report_cells.h"

#include <cmath>
#include <utility>

#include "analysis/study/study_format.h"
#include "core/units.h"

namespace dse {

ReportCell TextCell(std::string text) { return {std::move(text), {}}; }

ReportCell NumberCell(const char* format, double value) {
  if (!std::isfinite(value)) return {"-", {}};
  return {FormatNumber(format, value), value};
}

ReportCell PercentCell(double value) { return {FormatPercent(value), value}; }

ReportCell IntervalCell(const Interval& interval) {
  return {FormatPercent(interval), interval.point};
}

ReportCell CountCell(int64_t count) { return {std::to_string(count), static_cast<double>(count)}; }

ReportCell PropertyCell(const std::string& property, double value) {
  if (std::isnan(value)) return {"-", {}};
  return {FormatProperty(property, value), value};
}

}  // namespace dse
