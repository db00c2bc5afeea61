#pragma once

#include <span>
#include <vector>

#include "analysis/statistics/power.h"
#include "analysis/study/comparison.h"
#include "analysis/study/series_analysis.h"
#include "analysis/study/study_options.h"
#include "analysis/study/study_trends.h"
#include "core/result.h"
#include "core/timing.h"

namespace dse {

struct StudyAnalysis {
  StudyOptions options;
  std::vector<SeriesAnalysis> series;
  // Every pair, a before b, with models in both; p-values adjusted over all of them. a and b are
  // labels of series.
  std::vector<Comparison> comparisons;
  // By place of the comparison; empty curves for pairs that the adjusted test does not tell apart
  // at 5%: the distributions seen may then be equal, and their power means nothing.
  std::vector<PowerCurve> power;
  StudyTrends trends;
};

// Everything `dse analyze` shows, from plain records. Pure: no printing, no files. Throws Error for
// an error that is not a finite number, and for a condition on a property no member has, with the
// nearest name.
StudyAnalysis AnalyzeStudy(std::span<const SeriesRecord> series, const StudyOptions& options,
                           std::span<const TimingRecord> timings = {});

}  // namespace dse
