#pragma once

#include "analysis/report/report.h"

namespace dse {

// The table of that name, or an Error.
const DataTable& FindTable(const Report& report, const std::string& name);

// The column of that name, or an Error.
const DataColumn& FindColumn(const DataTable& table, const std::string& name);

// What report.h promises, checked before anything is written. Throws Error that names the part: ids
// and names of other form or used twice, columns or rows of unequal length, numbers that are not
// finite, charts over unknown tables or columns or over data they do not list as a source.
void CheckReport(const Report& report);

}  // namespace dse
