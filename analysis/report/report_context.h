#pragma once

#include <string>
#include <vector>

#include "analysis/report/report.h"
#include "analysis/report/vega_lite.h"
#include "analysis/study/study.h"

namespace dse {

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

// The series of lowest mean error against another, of those with one recipe, dataset and flop band;
// of all series where no two are that much alike.
struct Rivalry {
  Comparison comparison;  // a is the better one by its mean
  const PowerCurve* power = nullptr;
  bool alike = true;  // in recipe, dataset and flop band
};
std::vector<Rivalry> Rivalries(const StudyAnalysis& study);

// The sections, in the order of the report; each adds the tables its charts read. Sections without
// anything to show have no blocks.
ReportSection OverviewSection(const ReportContext& context, Report& report);
ReportSection ComparisonSection(const ReportContext& context, Report& report);
ReportSection PropertySection(const ReportContext& context, Report& report);
ReportSection StructureSection(const ReportContext& context, Report& report);
ReportSection TrendSection(const ReportContext& context, Report& report);
ReportSection ComplexitySection(const ReportContext& context, Report& report);
ReportSection TrainingSection(const ReportContext& context, Report& report);
ReportSection ModelSection(const ReportContext& context, Report& report);
ReportSection MethodSection(const ReportContext& context);

// Cells of tables.
ReportCell TextCell(std::string text);
ReportCell NumberCell(const char* format, double value);  // printf format
ReportCell PercentCell(double value);
ReportCell IntervalCell(const Interval& interval);
ReportCell CountCell(int64_t count);
ReportCell PropertyCell(const std::string& property, double value);  // "-" for NaN

}  // namespace dse
