#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "analysis/report/model_table.h"
#include "analysis/report/report_cells.h"
#include "analysis/report/report_sections.h"
#include "analysis/study/study_format.h"
#include "core/sentence.h"
#include "core/units.h"

namespace dse {
namespace {

constexpr int kCurvePoints = 40;

// Regressions of one quantity on another, of all groups: one chart.
struct Kind {
  std::string x;
  std::string y;
  std::string device;
  std::vector<const ComplexityTrend*> trends;
};

std::vector<Kind> Kinds(const StudyTrends& trends) {
  std::vector<Kind> kinds;
  for (const ComplexityTrend& trend : trends.regressions) {
    const auto same = [&trend](const Kind& kind) {
      return kind.x == trend.x && kind.y == trend.y && kind.device == trend.device;
    };
    auto at = std::ranges::find_if(kinds, same);
    if (at == kinds.end()) at = kinds.insert(at, {trend.x, trend.y, trend.device, {}});
    at->trends.push_back(&trend);
  }
  // Sizes first, then times device by device; against flops before against activations.
  std::ranges::stable_sort(kinds, {}, [](const Kind& kind) {
    return std::tuple(kind.device, kind.y, kind.x == "flops" ? 0 : 1);
  });
  return kinds;
}

std::string QuantityTitle(const std::string& quantity) {
  if (quantity == "inference") return "inference, ms an image";
  if (quantity == "training") return "training step, ms an image";
  return PropertyMeaning(quantity);
}

// A quantity on a logarithmic scale; times are small numbers, not counts.
Axis QuantityAxis(const std::string& field, const std::string& quantity) {
  const bool time = quantity == "inference" || quantity == "training";
  return {field, QuantityTitle(quantity), true, {}, time ? "~g" : "~s"};
}

// The fitted curve over the range of its points, at even ratios.
void AddCurve(const ComplexityTrend& trend, DataTable& curves) {
  if (!trend.fit) return;
  const auto [low, high] = std::ranges::minmax(trend.points, {}, &TrendPoint::x);
  if (!(low.x > 0) || low.x == high.x) return;
  for (int i = 0; i <= kCurvePoints; ++i) {
    const double x = low.x * std::pow(high.x / low.x, static_cast<double>(i) / kCurvePoints);
    const double y = PredictTrend(*trend.fit, x);
    if (y > 0) AddRow(curves, {trend.group, x, y});
  }
}

// Of many points some at even steps; returns what is not drawn, in words.
std::string AddTrendPoints(const StudyAnalysis& study, const ComplexityTrend& trend,
                           DataTable& table) {
  const size_t n = trend.points.size();
  const size_t drawn = std::min(n, kDrawnModels);
  int64_t without_size = 0;
  for (size_t i = 0; i < drawn; ++i) {
    const TrendPoint& point = trend.points[i * n / drawn];
    if (!(point.x > 0) || !(point.y > 0)) {  // no place on a logarithmic scale
      ++without_size;
      continue;
    }
    const SeriesAnalysis& series = study.series[point.series];
    const StudyModel& model = series.models[point.place];
    AddRow(table, {trend.group, series.label, model.label(), model.error, point.x, point.y});
  }
  std::string left_out;
  if (drawn < n) {
    left_out =
        fmt::format("{} of {} models of {} are drawn, at even steps; the curve is fitted to all. ",
                    drawn, n, trend.group);
  }
  if (without_size > 0) left_out += CountOf(without_size, "model") + " without a size above 0. ";
  return left_out;
}

Json RegressionSpec(const Kind& kind, const std::string& points, const std::string& curves) {
  std::vector<std::string> groups;
  for (const ComplexityTrend* trend : kind.trends) groups.push_back(trend->group);
  Json color = SeriesColor(groups);
  color["field"] = "group";
  const Json x = Position(QuantityAxis("x", kind.x));
  const Json y = Position(QuantityAxis("y", kind.y));
  Json marks = {{"data", {{"name", points}}},
                {"mark", {{"type", "point"}, {"filled", true}, {"size", 22}, {"opacity", 0.6}}},
                {"encoding",
                 {{"x", x},
                  {"y", y},
                  {"color", color},
                  {"tooltip", Tooltip({{"series", "series"},
                                       {"model", "model"},
                                       {"error", "error, %"},
                                       {"x", kind.x},
                                       {"y", QuantityTitle(kind.y)}})}}}};
  Json lines = {{"data", {{"name", curves}}},
                {"mark", {{"type", "line"}, {"strokeWidth", 2}}},
                {"encoding", {{"x", x}, {"y", y}, {"color", color}}}};
  return {{"width", "container"}, {"height", 260}, {"layer", {std::move(marks), std::move(lines)}}};
}

Chart RegressionChart(const ReportContext& context, const Kind& kind, size_t number,
                      Report& report) {
  const std::string name = "regression-" + std::to_string(number);
  DataTable points = MakeTable(name, {"group", "series", "model", "error", "x", "y"});
  DataTable curves = MakeTable(name + "-curves", {"group", "x", "y"});
  Chart chart;
  chart.numbers.caption = "Least squares with 95% intervals; R^2 is centred.";
  chart.numbers.headings = {"space", "models", "regression"};
  for (const ComplexityTrend* trend : kind.trends) {
    chart.left_out += AddTrendPoints(context.study(), *trend, points);
    AddCurve(*trend, curves);
    chart.numbers.rows.push_back({TextCell(trend->group),
                                  CountCell(static_cast<int64_t>(trend->points.size())),
                                  TextCell(RegressionText(*trend))});
  }
  report.tables.push_back(std::move(points));
  report.tables.push_back(std::move(curves));
  const bool time = !kind.device.empty();
  chart.id = name;
  chart.title = QuantityTitle(kind.y) + " against " + kind.x;
  chart.size = ChartSize::kHalf;
  chart.caption =
      time ? "Of all models measured; " + kind.device + "." : "Of the best quarter of each series.";
  chart.spec = RegressionSpec(kind, name, name + "-curves");
  chart.sources = {{name, {"group", "series", "model", "error", "x", "y"}},
                   {name + "-curves", {"group", "x", "y"}}};
  return chart;
}

ReportTable FrontTable(const ReportContext& context, const ParetoList& list) {
  ReportTable table;
  table.caption = fmt::format("Models no other beats in both error and {}, of {}.",
                              QuantityTitle(list.cost), CountOf(list.models, "model"));
  table.headings = {QuantityTitle(list.cost), "error %", "series", "model", "depth", "widths"};
  for (const ParetoEntry& entry : list.front) {
    const SeriesAnalysis& series = context.study().series[entry.series];
    const StudyModel& model = series.models[entry.place];
    table.rows.push_back({PropertyCell(list.cost, entry.cost), PercentCell(model.error),
                          TextCell(series.label), TextCell(model.label()),
                          TextCell(PropertyText(series, "depth", entry.place)),
                          TextCell(StageWidthsText(series, entry.place))});
  }
  return table;
}

// The series that a list is about.
std::vector<std::string> LabelsOf(const ReportContext& context, const ParetoList& list) {
  std::vector<std::string> labels;
  for (const SeriesAnalysis* series : context.series()) {
    if (series->recipe == list.recipe && series->data == list.data) labels.push_back(series->label);
  }
  return labels;
}

// Costs that are properties are drawn over all models; of times only the front is.
Chart ParetoChart(const ReportContext& context, const ParetoList& list, size_t number,
                  Report& report) {
  const std::string name = "pareto-" + std::to_string(number);
  DataTable table = MakeTable(name, {"series", "model", "error", "cost"});
  for (const ParetoEntry& entry : list.front) {
    const SeriesAnalysis& series = context.study().series[entry.series];
    const StudyModel& model = series.models[entry.place];
    AddRow(table, {series.label, model.label(), model.error, entry.cost});
  }
  report.tables.push_back(std::move(table));
  Chart chart;
  chart.id = name;
  chart.title = "Error against " + QuantityTitle(list.cost);
  chart.size = ChartSize::kHalf;
  chart.caption = "The line joins the models that no other beats in both.";
  if (!list.device.empty()) chart.caption += " " + list.device + ".";
  const Json y = Position(context.ErrorAxis("error", "error, %"));
  const Json x = Position(QuantityAxis("cost", list.cost));
  Json layers = Json::array();
  if (list.device.empty()) {
    Json all = {
        {"data", {{"name", kModelTable}}},
        {"transform", {{{"filter", {{"field", "series"}, {"oneOf", LabelsOf(context, list)}}}}}},
        {"params", context.SeriesParams(false)},
        {"mark", {{"type", "point"}, {"filled", true}, {"size", 18}, {"clip", true}}},
        {"encoding",
         {{"x", Position(QuantityAxis(list.cost, list.cost))},
          {"y", y},
          {"color", context.Color()},
          {"opacity", context.SeriesOpacity(0.45)},
          {"tooltip", ModelTooltip(context, {{list.cost, list.cost}})}}}};
    layers.push_back(std::move(all));
    chart.sources.push_back({kModelTable, ModelColumns(context, {list.cost})});
    chart.left_out = ModelsLeftOut(context);
  }
  layers.push_back({{"data", {{"name", name}}},
                    {"mark",
                     {{"type", "line"},
                      {"style", "front"},
                      {"interpolate", "step-after"},
                      {"point", true},
                      {"clip", true}}},
                    {"encoding",
                     {{"x", x},
                      {"y", y},
                      {"tooltip", Tooltip({{"series", "series"},
                                           {"model", "model"},
                                           {"error", "error, %"},
                                           {"cost", QuantityTitle(list.cost)}})}}}});
  chart.sources.push_back({name, {"series", "model", "error", "cost"}});
  chart.spec = {{"width", "container"}, {"height", 260}, {"layer", std::move(layers)}};
  chart.numbers = FrontTable(context, list);
  return chart;
}

}  // namespace

ReportSection ComplexitySection(const ReportContext& context, Report& report) {
  ReportSection section{"complexity", "Complexity and run time", {}};
  const StudyTrends& trends = context.study().trends;
  std::set<std::pair<std::string, std::string>> settings;
  for (const ParetoList& list : trends.pareto) settings.emplace(list.recipe, list.data);
  size_t number = 0;
  for (const Kind& kind : Kinds(trends)) {
    section.blocks.push_back(RegressionChart(context, kind, ++number, report));
  }
  number = 0;
  for (const ParetoList& list : trends.pareto) {
    Chart chart = ParetoChart(context, list, ++number, report);
    if (settings.size() > 1) chart.title += " (" + list.recipe + ", " + list.data + ")";
    section.blocks.push_back(std::move(chart));
  }
  return section;
}

}  // namespace dse
