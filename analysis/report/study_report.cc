#include "analysis/report/study_report.h"

#include <algorithm>

#include "analysis/report/model_table.h"
#include "analysis/report/report_context.h"
#include "analysis/study_format.h"
#include "core/error.h"
#include "core/suggest.h"

namespace dse {
namespace {

constexpr size_t kShownFindings = 6;

std::string BestFinding(const ReportContext& context) {
  const auto& series = context.series();
  const SeriesAnalysis& mean = **std::ranges::min_element(series, {}, &SeriesAnalysis::mean_error);
  const SeriesAnalysis& best = **std::ranges::min_element(series, {}, &SeriesAnalysis::min_error);
  std::string text;
  if (series.size() > 1) {
    text = mean.label + " has the lowest mean error, " + FormatPercent(mean.mean) + "%. ";
  } else {
    text = "The mean error of " + mean.label + " is " + FormatPercent(mean.mean) + "%. ";
  }
  const StudyModel& model = best.models.front();
  return text + "The best network, " + model.label() + " of " + best.label + ", reaches " +
         FormatPercent(model.error) + "%.";
}

// Where the best networks of the series with the lowest mean error lie.
std::string PropertyFinding(const ReportContext& context) {
  const SeriesAnalysis& series =
      **std::ranges::min_element(context.series(), {}, &SeriesAnalysis::mean_error);
  std::vector<std::string> parts;
  for (const char* name : {"depth", "b1", "g1", "w0", "wm"}) {
    const StudyProperty* property = series.Find(name);
    if (!property || property->smallest == property->largest) continue;
    parts.push_back(std::string(name) + " " + FormatProperty(name, property->best.low) + " to " +
                    FormatProperty(name, property->best.high));
  }
  if (parts.empty()) return "";
  return "The best networks of " + series.label + " have, with 95% confidence, " +
         JoinWords(parts) + ".";
}

// The comparisons that matter most, among series that are alike in all but their space.
void AddComparisons(const StudyAnalysis& study, std::vector<std::string>& findings) {
  for (const Rivalry& rivalry : Rivalries(study)) {
    if (findings.size() >= kShownFindings) return;
    findings.push_back(ComparisonSentence(rivalry.comparison, study.comparisons.size()) + ".");
  }
}

std::string TitleOf(const ReportContext& context) {
  constexpr size_t kNamed = 3;
  const std::vector<std::string>& labels = context.labels();
  if (labels.size() <= kNamed) return "Design space study: " + JoinWords(labels);
  return "Design space study of " + std::to_string(labels.size()) + " series";
}

}  // namespace

Report MakeReport(const StudyAnalysis& study) {
  const ReportContext context(study);
  if (context.series().empty()) {
    throw Error("no network of these series has an error yet: there is nothing to report");
  }
  Report report;
  report.title = TitleOf(context);
  report.findings.push_back(BestFinding(context));
  AddComparisons(study, report.findings);
  const std::string properties = PropertyFinding(context);
  if (!properties.empty()) report.findings.push_back(properties);
  AddModelTable(context, report);
  for (const auto make : {OverviewSection, ComparisonSection, PropertySection, StructureSection,
                          TrendSection, ComplexitySection, TrainingSection, ModelSection}) {
    ReportSection section = make(context, report);
    if (!section.blocks.empty()) report.sections.push_back(std::move(section));
  }
  report.sections.push_back(MethodSection(context));
  return report;
}

}  // namespace dse
