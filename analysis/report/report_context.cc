#include "analysis/report/report_context.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "analysis/study/study_format.h"
#include "core/units.h"

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

std::vector<Rivalry> Rivalries(const StudyAnalysis& study) {
  const auto series_of = [&study](const std::string& label) -> const SeriesAnalysis& {
    return *std::ranges::find(study.series, label, &SeriesAnalysis::label);
  };
  const auto alike = [&](const Comparison& one) {
    const SeriesAnalysis &a = series_of(one.a), &b = series_of(one.b);
    return a.recipe == b.recipe && a.data == b.data && a.band == b.band;
  };
  const bool any_alike = std::ranges::any_of(study.comparisons, alike);
  // Whether no series that `label` may be compared with has a lower mean error.
  const auto best = [&](const std::string& label) {
    return std::ranges::none_of(study.comparisons, [&](const Comparison& one) {
      if (any_alike && !alike(one)) return false;
      const double difference = one.mean_difference.point;
      return (one.a == label && difference > 0) || (one.b == label && difference < 0);
    });
  };
  std::vector<Rivalry> rivalries;
  for (size_t i = 0; i < study.comparisons.size(); ++i) {
    const Comparison& one = study.comparisons[i];
    if (any_alike && !alike(one)) continue;
    if (best(one.a)) {
      rivalries.push_back({one, &study.power[i], any_alike});
    } else if (best(one.b)) {
      rivalries.push_back({Flipped(one), &study.power[i], any_alike});
    }
  }
  return rivalries;
}

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
