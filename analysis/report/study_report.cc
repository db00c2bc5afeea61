#include "analysis/report/study_report.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

#include "analysis/report/model_table.h"
#include "analysis/report/report_sections.h"
#include "analysis/report/rivalry.h"
#include "analysis/study/comparison_sentence.h"
#include "analysis/study/study_format.h"
#include "core/error.h"
#include "core/suggest.h"

namespace dse {
namespace {

constexpr size_t kShownFindings = 6;

// Of the series with the recipe and dataset of `like`.
std::string BestFinding(const ReportContext& context, const SeriesAnalysis& like,
                        bool one_setting) {
  std::vector<const SeriesAnalysis*> series;
  std::ranges::copy_if(context.series(), std::back_inserter(series),
                       [&like](const SeriesAnalysis* one) {
                         return one->recipe == like.recipe && one->data == like.data;
                       });
  const SeriesAnalysis& mean = **std::ranges::min_element(series, {}, &SeriesAnalysis::mean_error);
  const SeriesAnalysis& best = **std::ranges::min_element(series, {}, &SeriesAnalysis::min_error);
  std::string text = one_setting ? "" : fmt::format("With {} on {}: ", like.recipe, like.data);
  if (series.size() > 1) {
    text +=
        fmt::format("{} has the lowest mean error, {}%. ", mean.label, FormatPercent(mean.mean));
  } else {
    text += fmt::format("The mean error of {} is {}%. ", mean.label, FormatPercent(mean.mean));
  }
  return text + fmt::format("The best network, {} of {}, reaches {}%.", best.models.front().label(),
                            best.label, FormatPercent(best.min_error));
}

// For each recipe and dataset.
void AddBest(const ReportContext& context, std::vector<std::string>& findings) {
  std::vector<const SeriesAnalysis*> settings;
  for (const SeriesAnalysis* one : context.series()) {
    const auto same = [one](const SeriesAnalysis* other) {
      return one->recipe == other->recipe && one->data == other->data;
    };
    if (std::ranges::none_of(settings, same)) settings.push_back(one);
  }
  for (const SeriesAnalysis* setting : settings) {
    if (findings.size() >= kShownFindings) return;
    findings.push_back(BestFinding(context, *setting, settings.size() == 1));
  }
}

// Where the best networks of the series with the lowest mean error lie.
std::string PropertyFinding(const ReportContext& context) {
  const SeriesAnalysis& series =
      **std::ranges::min_element(context.series(), {}, &SeriesAnalysis::mean_error);
  std::vector<std::string> parts;
  for (const char* name : {"depth", "b1", "g1", "w0", "wm"}) {
    const StudyProperty* property = series.Find(name);
    if (!property || property->smallest == property->largest) continue;
    parts.push_back(fmt::format("{} {} to {}", name, FormatProperty(name, property->best.low),
                                FormatProperty(name, property->best.high)));
  }
  if (parts.empty()) return "";
  return fmt::format("The best networks of {} have, with 95% confidence, {}.", series.label,
                     JoinWords(parts));
}

// The comparisons of the best with the others, the clearest first.
void AddComparisons(const StudyAnalysis& study, std::vector<std::string>& findings) {
  std::vector<Rivalry> rivalries = Rivalries(study);
  std::ranges::stable_sort(rivalries, {},
                           [](const Rivalry& one) { return one.comparison.p_adjusted; });
  for (const Rivalry& rivalry : rivalries) {
    if (findings.size() >= kShownFindings) return;
    findings.push_back(ComparisonSentence(rivalry.comparison, study.comparisons.size()) + ".");
  }
}

std::string TitleOf(const ReportContext& context) {
  constexpr size_t kNamed = 3;
  const std::vector<std::string>& labels = context.labels();
  if (labels.size() <= kNamed) return "Design space study: " + JoinWords(labels);
  return fmt::format("Design space study of {} series", labels.size());
}

}  // namespace

Report MakeReport(const StudyAnalysis& study) {
  const ReportContext context(study);
  if (context.series().empty()) {
    throw Error("no network of these series has an error yet: there is nothing to report");
  }
  Report report;
  report.title = TitleOf(context);
  AddBest(context, report.findings);
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
