#pragma once

#include <string>
#include <vector>

#include "analysis/report/report.h"
#include "analysis/report/vega_lite.h"
#include "analysis/study/study.h"

namespace dse {

// Series drawn where each has a chart, or rows of one, of its own.
inline constexpr size_t kDrawnSeries = 12;

// What the sections of a report share. The study must outlive it.
class ReportContext {
 public:
  explicit ReportContext(const StudyAnalysis& study);

  const StudyAnalysis& study() const { return *study_; }
  // The series with models, in the order of the study, and their labels.
  const std::vector<const SeriesAnalysis*>& series() const { return series_; }
  const std::vector<std::string>& labels() const { return labels_; }

  // Errors of models, as an axis: up to the highest of those that did not diverge.
  Axis ErrorAxis(const std::string& field, const std::string& title) const;
  // "2 models that diverged lie at 100%, outside the frame." or "".
  std::string OutsideFrame() const;

  // Parameters and opacity of marks of series: chosen by the legend, where there is one.
  Json SeriesParams(bool zoom = true) const;
  Json SeriesOpacity(double strength) const;
  Json Color() const;
  // A pale band between the columns "low" and "high" for every series; x and y as of its line.
  Json Band(const Axis& x, Axis y) const;

 private:
  const StudyAnalysis* study_;
  std::vector<const SeriesAnalysis*> series_;
  std::vector<std::string> labels_;
  double lowest_ = 0;
  double highest_ = 0;
  int64_t diverged_ = 0;
};

}  // namespace dse
