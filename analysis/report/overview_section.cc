#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "analysis/report/report_cells.h"
#include "analysis/report/report_sections.h"
#include "analysis/statistics/proportion.h"
#include "analysis/statistics/sample_statistics.h"
#include "analysis/study/study_format.h"
#include "core/units.h"

namespace dse {
namespace {

// What all series share goes into the caption, not into a column.
bool OneTraining(const StudyAnalysis& study) {
  const SeriesAnalysis& first = study.series.front();
  return std::ranges::all_of(study.series, [&first](const SeriesAnalysis& series) {
    return series.recipe == first.recipe && series.data == first.data;
  });
}

ReportTable SeriesTable(const StudyAnalysis& study) {
  const bool one_training = OneTraining(study);
  ReportTable table;
  table.caption = fmt::format(
      "The series of this study. Errors are top-1, in percent ({}); the interval of the mean is "
      "the 95% interval of its bootstrap.",
      ErrorKindText(study.options.error));
  if (one_training) {
    table.caption += fmt::format(" Trained with the recipe {} on {}.", study.series.front().recipe,
                                 study.series.front().data);
  }
  table.headings = {"series", "space"};
  if (!one_training) table.headings.insert(table.headings.end(), {"recipe", "dataset"});
  table.headings.insert(table.headings.end(),
                        {"flop band", "models", "best", "mean", "median", "left out or marked"});
  for (const SeriesAnalysis& series : study.series) {
    std::vector<ReportCell> row = {TextCell(series.label),
                                   TextCell(series.space.empty() ? "-" : series.space)};
    if (!one_training) {
      row.insert(row.end(), {TextCell(series.recipe), TextCell(series.data)});
    }
    row.push_back(TextCell(series.band ? FormatBand(*series.band) : "-"));
    row.push_back(CountCell(static_cast<int64_t>(series.models.size())));
    if (series.models.empty()) {
      row.insert(row.end(), 3, TextCell("-"));
    } else {
      row.insert(row.end(), {PercentCell(series.min_error), IntervalCell(series.mean),
                             PercentCell(series.median_error)});
    }
    const std::string left_out = LeftOutText(series);
    row.push_back(TextCell(left_out.empty() ? "nothing" : left_out));
    table.rows.push_back(std::move(row));
  }
  return table;
}

// Points of a step curve that starts at 0: F after each error, with the limits of both bands.
void AddDistribution(const SeriesAnalysis& series, DataTable& table) {
  const Edf thin = ThinEdf(series.edf, kDrawnEdfPoints);
  const std::vector<Interval> whole = DkwBand(thin);
  const std::vector<Interval> pointwise = ClopperPearsonBand(thin);
  AddRow(table,
         {series.label, thin.points.front().error, 0.0, 0.0,
          std::min(1.0, DkwHalfWidth(series.edf.n)), 0.0, ClopperPearson(0, series.edf.n).high});
  for (size_t i = 0; i < thin.points.size(); ++i) {
    AddRow(table, {series.label, thin.points[i].error, thin.points[i].f, whole[i].low,
                   whole[i].high, pointwise[i].low, pointwise[i].high});
  }
}

Json StepCurves(const ReportContext& context, const std::string& table, bool bands) {
  const Json x = Position(context.ErrorAxis("error", "error, %"));
  const Axis share{"f", "share of models with at most this error", false, std::pair(0.0, 1.0)};
  // The first layer decides how the legend looks.
  Json layers = Json::array();
  layers.push_back(
      {{"params", context.SeriesParams()},
       {"mark",
        {{"type", "line"}, {"interpolate", "step-after"}, {"clip", true}, {"strokeWidth", 2}}},
       {"encoding",
        {{"x", x},
         {"y", Position(share)},
         {"color", context.Color()},
         {"opacity", context.SeriesOpacity(1)},
         {"tooltip",
          Tooltip({{"series", "series"}, {"error", "error, %"}, {"f", "share of models"}})}}}});
  if (bands) {
    Json band = {{"mark", {{"type", "area"}, {"interpolate", "step-after"}, {"clip", true}}},
                 {"encoding",
                  {{"x", x},
                   {"y", Position({"low", share.title, false, share.domain})},
                   {"y2", {{"field", "high"}}},
                   {"color", context.Color()},
                   {"opacity", context.SeriesOpacity(0.12)}}}};
    layers.push_back(std::move(band));
  }
  return {{"data", {{"name", table}}},
          {"width", "container"},
          {"height", bands ? 340 : 260},
          {"layer", std::move(layers)}};
}

ReportTable QuantileTable(const ReportContext& context) {
  ReportTable table;
  table.caption = "Errors (%) that so large a share of the models reaches.";
  table.headings = {"series", "models"};
  for (const int share : kComparedPercents) table.headings.push_back(std::to_string(share) + "%");
  for (const SeriesAnalysis* series : context.series()) {
    std::vector<ReportCell> row = {TextCell(series->label), CountCell(series->edf.n)};
    const std::vector<double> errors = ErrorsOf(*series);
    for (const int share : kComparedPercents)
      row.push_back(PercentCell(Quantile(errors, share / 100.0)));
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string Thinned(const ReportContext& context) {
  const bool thinned = std::ranges::any_of(context.series(), [](const SeriesAnalysis* series) {
    return series->edf.points.size() > kDrawnEdfPoints;
  });
  if (!thinned) return "";
  return fmt::format(
      "Curves of more than {} points are drawn through that many of them, at even steps of rank.",
      kDrawnEdfPoints);
}

std::string JoinSentences(const std::string& a, const std::string& b) {
  return a.empty() || b.empty() ? a + b : a + " " + b;
}

Chart DistributionChart(const ReportContext& context, Report& report) {
  DataTable table = MakeTable(
      "distributions", {"series", "error", "f", "low", "high", "pointwise-low", "pointwise-high"});
  for (const SeriesAnalysis* series : context.series()) AddDistribution(*series, table);
  report.tables.push_back(std::move(table));
  Chart chart;
  chart.id = "error-distributions";
  chart.title = "Error distributions";
  chart.caption =
      "The share of models with at most an error: the higher and the further left a curve, the "
      "better the space. Shaded is the 95% band of the whole curve (Dvoretzky, Kiefer, Wolfowitz).";
  chart.left_out = JoinSentences(context.OutsideFrame(), Thinned(context));
  chart.spec = StepCurves(context, "distributions", true);
  chart.sources = {{"distributions", {"series", "error", "f", "low", "high"}}};
  chart.numbers = QuantileTable(context);
  return chart;
}

// The distribution weighted by one complexity; empty where no series has it.
std::optional<Chart> NormalizedChart(const ReportContext& context, const std::string& complexity,
                                     Report& report) {
  DataTable table = MakeTable("distributions-by-" + complexity, {"series", "error", "f"});
  ReportTable numbers;
  numbers.headings = {"series", "models", "10%", "25%", "50%", "75%", "90%"};
  double low = 0, high = 0;
  for (const SeriesAnalysis* series : context.series()) {
    const auto found =
        std::ranges::find(series->normalized, complexity, &NormalizedEdf::complexity);
    if (found == series->normalized.end()) continue;
    const NormalizedEdf& normalized = *found;
    low = normalized.low;
    high = normalized.high;
    const Edf thin = ThinEdf(normalized.edf, kDrawnEdfPoints);
    AddRow(table, {series->label, thin.points.front().error, 0.0});
    for (const EdfPoint& point : thin.points) {
      AddRow(table, {series->label, point.error, point.f});
    }
    std::vector<ReportCell> row = {TextCell(series->label), CountCell(normalized.edf.n)};
    for (const double share : {0.1, 0.25, 0.5, 0.75, 0.9}) {
      row.push_back(PercentCell(EdfQuantile(normalized.edf, share)));
    }
    numbers.rows.push_back(std::move(row));
  }
  if (low == high) return std::nullopt;
  Chart chart;
  chart.id = "normalized-by-" + complexity;
  chart.title = "Error distributions at equal " + complexity;
  chart.size = ChartSize::kHalf;
  chart.caption = fmt::format(
      "Every level of {} weighs the same: models are weighted by the counts of ten equal bins from "
      "{} to {}, so that a space is not better for drawing larger models.",
      complexity, FormatCount(low), FormatCount(high));
  chart.left_out = JoinSentences(context.OutsideFrame(), Thinned(context));
  chart.spec = StepCurves(context, table.name, false);
  chart.sources = {{table.name, {"series", "error", "f"}}};
  numbers.caption = "Errors (%) that so large a weighted share of the models reaches.";
  chart.numbers = std::move(numbers);
  report.tables.push_back(std::move(table));
  return chart;
}

Chart SearchChart(const ReportContext& context, Report& report) {
  DataTable table = MakeTable("random-search", {"series", "models", "expected", "low", "high"});
  ReportTable numbers;
  numbers.caption = "Lowest error (%) to expect of so many models, with its 95% interval.";
  numbers.headings = {"series", "models drawn", "lowest error %", "from", "to"};
  for (const SeriesAnalysis* series : context.series()) {
    for (const SearchPoint& point : series->random_search) {
      AddRow(table, {series->label, static_cast<double>(point.models), point.expected, point.low,
                     point.high});
      if ((point.models & (point.models - 1)) != 0) continue;  // powers of two
      numbers.rows.push_back({TextCell(series->label), CountCell(point.models),
                              PercentCell(point.expected), PercentCell(point.low),
                              PercentCell(point.high)});
    }
  }
  report.tables.push_back(std::move(table));
  Chart chart;
  chart.id = "random-search";
  chart.title = "Random search";
  chart.caption =
      "The lowest error to expect when so many models are drawn from those of a series without "
      "replacement (exact), and the range it lies in with 95% probability.";
  const Axis models{"models", "models drawn", true, {}};
  const Axis error{"expected", "lowest error, %", false, {}};
  Json line = {{"params", context.SeriesParams()},
               {"mark", {{"type", "line"}, {"strokeWidth", 2}}},
               {"encoding",
                {{"x", Position(models)},
                 {"y", Position(error)},
                 {"color", context.Color()},
                 {"opacity", context.SeriesOpacity(1)},
                 {"tooltip", Tooltip({{"series", "series"},
                                      {"models", "models drawn"},
                                      {"expected", "lowest error, %"},
                                      {"low", "2.5%"},
                                      {"high", "97.5%"}})}}}};
  chart.spec = {{"data", {{"name", "random-search"}}},
                {"width", "container"},
                {"height", 280},
                {"layer", {std::move(line), context.Band(models, error)}}};
  chart.sources = {{"random-search", {"series", "models", "expected", "low", "high"}}};
  chart.numbers = std::move(numbers);
  return chart;
}

}  // namespace

ReportSection OverviewSection(const ReportContext& context, Report& report) {
  ReportSection section{"overview", "Error distributions", {}};
  section.blocks.push_back(DistributionChart(context, report));
  section.blocks.push_back(SeriesTable(context.study()));
  for (const char* complexity : {"flops", "params"}) {
    if (std::optional<Chart> chart = NormalizedChart(context, complexity, report)) {
      section.blocks.push_back(std::move(*chart));
    }
  }
  section.blocks.push_back(SearchChart(context, report));
  return section;
}

}  // namespace dse
