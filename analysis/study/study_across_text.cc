#include "analysis/study/study_across_text.h"

#include <fmt/core.h>

#include <string>
#include <vector>

#include "analysis/study/comparison_sentence.h"
#include "analysis/study/study_format.h"
#include "core/printable.h"
#include "core/sentence.h"
#include "core/text_table.h"
#include "core/units.h"

namespace dse {
namespace {

using Rows = std::vector<std::vector<std::string>>;

// What a comparison needs to be repeated with success: "80% power needs 40 models of each".
std::string PowerSentence(const PowerCurve& power) {
  if (power.points.empty()) return "";
  if (power.models_for_80) {
    return fmt::format("told apart with 80% power by {} models of each", *power.models_for_80);
  }
  const PowerPoint& last = power.points.back();
  return fmt::format("{} of each tell them apart with {:.0f}% power only",
                     CountOf(last.models, "model"), 100 * last.power.point);
}

std::string BestText(const SeriesAnalysis& series, const char* property) {
  const StudyProperty* found = series.Find(property);
  if (!found) return "-";
  const BestValueBand& best = found->best;
  return fmt::format("{} [{}, {}]", FormatProperty(property, best.median),
                     FormatProperty(property, best.low), FormatProperty(property, best.high));
}

}  // namespace

std::string ComparisonsText(const StudyAnalysis& study) {
  if (study.comparisons.empty()) return "";
  std::string text =
      "\nComparisons: difference of mean errors with its 95% bootstrap interval, "
      "Kolmogorov-Smirnov test\n";
  for (size_t i = 0; i < study.comparisons.size(); ++i) {
    text +=
        "  " + Printable(ComparisonSentence(study.comparisons[i], study.comparisons.size())) + "\n";
    const std::string power = PowerSentence(study.power[i]);
    if (!power.empty()) text += "    " + power + "\n";
  }
  return text;
}

std::string TrendsText(const StudyAnalysis& study) {
  std::string text;
  for (const TrendGroup& group : study.trends.groups) {
    if (!AcrossBands(group)) continue;
    Rows rows = {{group.label, "flops", "models", "mean error %", "min", "depth", "w0", "wm"}};
    for (size_t i = 0; i < group.series.size(); ++i) {
      const SeriesAnalysis& series = study.series[group.series[i]];
      rows.push_back({series.label, FormatCount(group.flops[i]),
                      std::to_string(series.models.size()), FormatPercent(series.mean),
                      FormatPercent(series.min_error), BestText(series, "depth"),
                      BestText(series, "w0"), BestText(series, "wm")});
    }
    text += TextTable(rows);
  }
  if (text.empty()) return "";
  return "\nAcross flop bands: median flops, errors, and where the best models lie\n" + text;
}

std::string RegressionsText(const StudyAnalysis& study) {
  std::string text;
  for (const ComplexityTrend& trend : study.trends.regressions) {
    if (!trend.fit) continue;
    std::string line = trend.group + ": " + RegressionText(trend);
    if (!trend.device.empty()) line += " (" + trend.device + ")";
    text += "  " + Printable(line) + "\n";
  }
  if (text.empty()) return "";
  return "\nRegressions: complexity over the best quarter of each series, times over all models "
         "measured\n" +
         text;
}

std::string ParetoText(const StudyAnalysis& study) {
  std::string text;
  for (const ParetoList& list : study.trends.pareto) {
    if (list.cost != "flops" || list.front.empty()) continue;
    Rows rows = {{"series", "model", "flops", "error %"}};
    for (const ParetoEntry& entry : list.front) {
      const SeriesAnalysis& series = study.series[entry.series];
      rows.push_back({series.label, series.models[entry.place].label(), FormatCount(entry.cost),
                      FormatPercent(series.models[entry.place].error)});
    }
    text += "\n" +
            Printable(fmt::format("No model has less error for fewer flops than these ({}, {})",
                                  list.recipe, list.data)) +
            "\n" + TextTable(rows);
  }
  return text;
}

}  // namespace dse
