#pragma once

#include "analysis/report/report.h"
#include "analysis/study/study.h"

namespace dse {

// Everything a study has to show, as a report: findings in sentences, charts with their key
// numbers, tables, methods. Equal studies give equal reports. Throws Error where no series has a
// model with an error.
Report MakeReport(const StudyAnalysis& study);

}  // namespace dse
