#pragma once

#include <span>
#include <vector>

#include "analysis/study/series_analysis.h"
#include "analysis/study/study_options.h"

namespace dse {

// The parts of AnalyzeStudy that look at one series, or at what its members have.

// Throws Error for a condition on a property that no member of these series has.
void CheckConditions(std::span<const SeriesRecord> series, const StudyOptions& options);

// Everything of SeriesAnalysis but `label` and `normalized`, which depend on the other series.
// `means` becomes the bootstrap means the interval of the mean is of; empty without models.
SeriesAnalysis AnalyzeSeries(const SeriesRecord& record, const StudyOptions& options,
                             std::vector<double>& means);

// Fills in `normalized` of all series, over their pooled ranges.
void NormalizeByComplexity(std::span<SeriesAnalysis> series);

}  // namespace dse
