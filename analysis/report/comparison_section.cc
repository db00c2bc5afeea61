#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "analysis/report/report_cells.h"
#include "analysis/report/report_sections.h"
#include "analysis/report/rivalry.h"
#include "analysis/study/comparison_sentence.h"
#include "analysis/study/study_format.h"
#include "core/sentence.h"
#include "core/suggest.h"

namespace dse {
namespace {

constexpr size_t kDrawnComparisons = 40;

std::string PowerText(const PowerCurve& power) {
  if (power.models_for_80) return std::to_string(*power.models_for_80);
  return power.points.empty() ? "-" : "over " + std::to_string(power.points.back().models);
}

ReportTable ComparisonTable(const StudyAnalysis& study) {
  ReportTable table;
  table.caption =
      "Every pair of series. Difference: mean error of the first minus that of the second, with "
      "the "
      "95% interval of the bootstrap; KS: largest distance of the two distributions, with the "
      "p-value of the two-sided test, adjusted by Holm over all " +
      CountOf(static_cast<int64_t>(study.comparisons.size()), "comparison") +
      "; models: how many of each would tell the two apart with 80% power at the 5% level, given "
      "where the test does.";
  table.headings = {"first", "second", "difference", "KS", "p, adjusted", "p", "method", "models"};
  for (size_t i = 0; i < study.comparisons.size(); ++i) {
    const Comparison& comparison = study.comparisons[i];
    const PowerCurve& power = study.power[i];
    ReportCell models{PowerText(power), {}};
    if (power.models_for_80) models.value = static_cast<double>(*power.models_for_80);
    table.rows.push_back({TextCell(comparison.a),
                          TextCell(comparison.b),
                          IntervalCell(comparison.mean_difference),
                          NumberCell("%.3f", comparison.ks),
                          {FormatPValue(comparison.p_adjusted), comparison.p_adjusted},
                          {FormatPValue(comparison.p_value), comparison.p_value},
                          TextCell(TextOf(comparison.method, kKsMethodWords)),
                          models});
  }
  return table;
}

// The comparisons whose means differ most, as places, in the order of the study.
std::vector<size_t> StrongestComparisons(const StudyAnalysis& study) {
  std::vector<size_t> order(study.comparisons.size());
  std::iota(order.begin(), order.end(), size_t{0});
  if (order.size() <= kDrawnComparisons) return order;
  std::ranges::stable_sort(order, std::ranges::greater(), [&](size_t i) {
    return std::fabs(study.comparisons[i].mean_difference.point);
  });
  order.resize(kDrawnComparisons);
  std::ranges::sort(order);
  return order;
}

Json ForestSpec(size_t pairs) {
  const Json pair = {{"field", "pair"},
                     {"type", "nominal"},
                     {"title", nullptr},
                     {"sort", nullptr},
                     {"axis", {{"labelLimit", 330}}}};
  Json rule = {{"mark", {{"type", "rule"}, {"strokeWidth", 2}}},
               {"encoding",
                {{"y", pair},
                 {"x", Position({"low", "difference, points of error", false, {}})},
                 {"x2", {{"field", "high"}}}}}};
  Json point = {{"mark", {{"type", "point"}, {"filled", true}, {"size", 60}}},
                {"encoding",
                 {{"y", pair},
                  {"x", Position({"difference", "difference, points of error", false, {}})},
                  {"tooltip", Tooltip({{"pair", "pair"},
                                       {"difference", "difference"},
                                       {"low", "2.5%"},
                                       {"high", "97.5%"},
                                       {"p", "p, adjusted"}})}}}};
  Json zero = {{"mark", {{"type", "rule"}, {"style", "reference"}}},
               {"encoding", {{"x", {{"datum", 0}}}}}};
  return {{"data", {{"name", "mean-differences"}}},
          {"width", "container"},
          {"height", 22 * pairs},
          {"layer", {std::move(zero), std::move(rule), std::move(point)}}};
}

Chart MeanChart(const StudyAnalysis& study, Report& report) {
  DataTable table = MakeTable("mean-differences", {"pair", "difference", "low", "high", "p"});
  Chart chart;
  const std::vector<size_t> drawn = StrongestComparisons(study);
  for (const size_t i : drawn) {
    const Comparison& comparison = study.comparisons[i];
    const Interval& difference = comparison.mean_difference;
    AddRow(table, {comparison.a + " - " + comparison.b, difference.point, difference.low,
                   difference.high, comparison.p_adjusted});
  }
  report.tables.push_back(std::move(table));
  chart.id = "mean-differences";
  chart.title = "Differences of mean errors";
  chart.caption =
      "Mean error of the first series minus that of the second, with its 95% interval: left of 0 "
      "the first is better. An interval over 0 does not tell the two apart.";
  if (drawn.size() < study.comparisons.size()) {
    chart.left_out = fmt::format("Drawn are the {} largest of {} differences.", drawn.size(),
                                 study.comparisons.size());
  }
  chart.spec = ForestSpec(drawn.size());
  chart.sources = {{"mean-differences", {"pair", "difference", "low", "high", "p"}}};
  chart.numbers = ComparisonTable(study);
  return chart;
}

// Which series stand for the lines of a chart of rivalries.
std::string AgainstText(const std::vector<Rivalry>& rivalries) {
  std::vector<std::string> best;
  for (const Rivalry& rivalry : rivalries) {
    if (std::ranges::find(best, rivalry.comparison.a) == best.end()) {
      best.push_back(rivalry.comparison.a);
    }
  }
  return JoinWords(best);
}

// A line with its band for each series, and a rule at one value of y.
Json BandedLines(const ReportContext& context, const char* table, const Axis& x, const Axis& y,
                 double rule) {
  Json line = {{"params", context.SeriesParams(false)},
               {"mark", {{"type", "line"}, {"point", true}}},
               {"encoding",
                {{"x", Position(x)},
                 {"y", Position(y)},
                 {"color", context.Color()},
                 {"opacity", context.SeriesOpacity(1)},
                 {"tooltip", Tooltip({{"series", "series"},
                                      {"best", "against"},
                                      {x.field, x.title},
                                      {y.field, y.title},
                                      {"low", "2.5%"},
                                      {"high", "97.5%"}})}}}};
  Json reference = {{"mark", {{"type", "rule"}, {"style", "reference"}}},
                    {"encoding", {{"y", {{"datum", rule}}}}}};
  return {{"data", {{"name", table}}},
          {"width", "container"},
          {"height", 260},
          {"layer", {std::move(line), context.Band(x, y), std::move(reference)}}};
}

Chart QuantileChart(const ReportContext& context, const std::vector<Rivalry>& rivalries,
                    Report& report) {
  DataTable table =
      MakeTable("quantile-differences", {"series", "best", "share", "difference", "low", "high"});
  Chart chart;
  chart.numbers.caption = "Differences (points of error) to the best series at each quantile.";
  chart.numbers.headings = {"series", "against", "quantile", "difference", "from", "to"};
  for (const Rivalry& rivalry : rivalries) {
    const Comparison other = Flipped(rivalry.comparison);
    for (const QuantileDifference& quantile : other.quantiles) {
      const Interval& d = quantile.difference;
      AddRow(table, {other.a, other.b, 100 * quantile.q, d.point, d.low, d.high});
      chart.numbers.rows.push_back({TextCell(other.a), TextCell(other.b),
                                    NumberCell("%.0f%%", 100 * quantile.q), PercentCell(d.point),
                                    PercentCell(d.low), PercentCell(d.high)});
    }
  }
  report.tables.push_back(std::move(table));
  chart.id = "quantile-differences";
  chart.title = "Where the best space is better";
  chart.size = ChartSize::kHalf;
  const bool alike = rivalries.front().alike;
  chart.caption = fmt::format(
      "Quantiles of the errors of each series minus those of {}, of lowest mean error among {}; "
      "the best networks are to the left. Above 0 the series is worse. Shaded: 95% interval, from "
      "the exact law of the bootstrap.",
      AgainstText(rivalries),
      alike ? "the series alike in recipe, dataset and flop band"
            : "all series, which differ in recipe, dataset or flop band");
  chart.spec = BandedLines(context, "quantile-differences",
                           {"share", "share of the models, %", false, std::pair(0.0, 100.0)},
                           {"difference", "difference of errors, points", false, {}}, 0);
  chart.sources = {
      {"quantile-differences", {"series", "best", "share", "difference", "low", "high"}}};
  return chart;
}

// Empty where no rivalry was told apart.
std::optional<Chart> PowerChart(const ReportContext& context, const std::vector<Rivalry>& rivalries,
                                Report& report) {
  DataTable table = MakeTable("power", {"series", "best", "models", "power", "low", "high"});
  Chart chart;
  chart.numbers.caption = "Power of so many models of each, and how many it takes for 80%.";
  chart.numbers.headings = {"series", "against", "models of each", "power", "for 80%"};
  int64_t open = 0;
  for (const Rivalry& rivalry : rivalries) {
    if (rivalry.power->points.empty()) ++open;
    for (const PowerPoint& point : rivalry.power->points) {
      const auto models = static_cast<double>(point.models);
      AddRow(table, {rivalry.comparison.b, rivalry.comparison.a, models, point.power.point,
                     point.power.low, point.power.high});
      chart.numbers.rows.push_back({TextCell(rivalry.comparison.b), TextCell(rivalry.comparison.a),
                                    CountCell(point.models), NumberCell("%.2f", point.power.point),
                                    TextCell(PowerText(*rivalry.power))});
    }
  }
  if (chart.numbers.rows.empty()) return std::nullopt;
  report.tables.push_back(std::move(table));
  chart.id = "power";
  chart.title = "How many models tell a space from the best";
  chart.size = ChartSize::kHalf;
  chart.caption =
      "Probability that a Kolmogorov-Smirnov test at the 5% level tells a series from " +
      AgainstText(rivalries) +
      " by so many models of each, drawn from the distributions seen here (1,000 seeded draws, "
      "shaded their 95% interval). The rule is at 80%.";
  if (open > 0) {
    chart.left_out = CountOf(open, "series") +
                     " that the test does not tell apart: equal spaces "
                     "have no power to speak of.";
  }
  chart.spec = BandedLines(context, "power", {"models", "models of each", true, {}},
                           {"power", "power", false, std::pair(0.0, 1.0)}, 0.8);
  chart.sources = {{"power", {"series", "best", "models", "power", "low", "high"}}};
  return chart;
}

}  // namespace

ReportSection ComparisonSection(const ReportContext& context, Report& report) {
  ReportSection section{"comparisons", "Comparisons", {}};
  const StudyAnalysis& study = context.study();
  if (study.comparisons.empty()) return section;
  const std::vector<Rivalry> rivalries = Rivalries(study);
  section.blocks.push_back(MeanChart(study, report));
  section.blocks.push_back(QuantileChart(context, rivalries, report));
  if (std::optional<Chart> power = PowerChart(context, rivalries, report)) {
    section.blocks.push_back(std::move(*power));
  }
  ReportTable sentences;
  sentences.caption = "All comparisons in words.";
  sentences.headings = {"comparison"};
  for (const Comparison& comparison : study.comparisons) {
    sentences.rows.push_back({TextCell(ComparisonSentence(comparison, study.comparisons.size()))});
  }
  section.blocks.push_back(std::move(sentences));
  return section;
}

}  // namespace dse
