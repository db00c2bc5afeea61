#pragma once

#include "analysis/report/report.h"
#include "analysis/report/report_context.h"

namespace dse {

// The sections, in the order of the report; each adds the tables its charts read. Sections without
// anything to show have no blocks. Each has a source of its own: overview_section.cc and so on.
ReportSection OverviewSection(const ReportContext& context, Report& report);
ReportSection ComparisonSection(const ReportContext& context, Report& report);
ReportSection PropertySection(const ReportContext& context, Report& report);
ReportSection StructureSection(const ReportContext& context, Report& report);
ReportSection TrendSection(const ReportContext& context, Report& report);
ReportSection ComplexitySection(const ReportContext& context, Report& report);
ReportSection TrainingSection(const ReportContext& context, Report& report);
ReportSection ModelSection(const ReportContext& context, Report& report);
ReportSection MethodSection(const ReportContext& context);

}  // namespace dse
