#include "analysis/report/report_context.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "analysis/study/study_format.h"
#include "core/sentence.h"

namespace dse {

ReportContext::ReportContext(const StudyAnalysis& study) : study_(&study) {
  bool first = true;
  for (const SeriesAnalysis& series : study.series) {
    if (series.models.empty()) continue;
    series_.push_back(&series);
    labels_.push_back(series.label);
    for (const StudyModel& model : series.models) {
      if (model.diverged) {
        ++diverged_;
        continue;
      }
      lowest_ = first ? model.error : std::min(lowest_, model.error);
      highest_ = first ? model.error : std::max(highest_, model.error);
      first = false;
    }
  }
}

Axis ReportContext::ErrorAxis(const std::string& field, const std::string& title) const {
  const double margin = std::max(0.02 * (highest_ - lowest_), 0.05);
  return {field, title, false,
          std::pair(std::max(0.0, lowest_ - margin), std::min(100.0, highest_ + margin))};
}

std::string ReportContext::OutsideFrame() const {
  if (diverged_ == 0) return "";
  return CountOf(diverged_, "model") + " that diverged " + (diverged_ == 1 ? "lies" : "lie") +
         " at 100%, outside the frame.";
}

Json ReportContext::SeriesParams(bool zoom) const {
  Json params = Json::array();
  if (labels_.size() > 1) params.push_back(ChooseSeries());
  if (zoom) params.push_back(PanAndZoom());
  return params;
}

Json ReportContext::SeriesOpacity(double strength) const {
  if (labels_.size() > 1) return ChosenOpacity(strength);
  return {{"value", strength}};
}

Json ReportContext::Color() const { return SeriesColor(labels_); }

Json ReportContext::Band(const Axis& x, Axis y) const {
  y.field = "low";
  return {{"mark", "area"},
          {"encoding",
           {{"x", Position(x)},
            {"y", Position(y)},
            {"y2", {{"field", "high"}}},
            {"color", Color()},
            {"opacity", SeriesOpacity(0.12)}}}};
}

}  // namespace dse
