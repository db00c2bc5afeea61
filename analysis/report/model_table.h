#pragma once

#include <string>
#include <utility>
#include <vector>

#include "analysis/report/report_context.h"

namespace dse {

inline constexpr const char* kModelTable = "models";
inline constexpr size_t kDrawnModels = 1000;  // of a series

// Adds the table of the models that scatter charts draw: series, model, error, sd, repeats, widths,
// depths and every property. Of a series with more than kDrawnModels the best ones, and others at
// even steps of rank.
void AddModelTable(const ReportContext& context, Report& report);

// The column of a property in that table: its name, with "property " before where that is taken.
std::string ModelColumn(const std::string& property);

// "1000 of 5000 models are drawn: the best 250 and others at even steps of rank.", with what lies
// outside the frame of the errors. "" for nothing.
std::string ModelsLeftOut(const ReportContext& context);

// What hovering over a model tells, beside these fields of the chart; and the columns for it.
Json ModelTooltip(const ReportContext& context,
                  const std::vector<std::pair<std::string, std::string>>& more);
std::vector<std::string> ModelColumns(const ReportContext& context,
                                      const std::vector<std::string>& more);

}  // namespace dse
