#include <algorithm>
#include <nlohmann/json.hpp>

#include "analysis/report/report_cells.h"
#include "analysis/report/report_sections.h"
#include "analysis/study/study_format.h"
#include "core/units.h"

namespace dse {
namespace {

constexpr const char* kErrorTable = "trends";
constexpr const char* kTrendBestTable = "trends-best-values";
// The parameters of figure 11 of the paper; stage parameters stand for the shared ones.
constexpr const char* kProperties[] = {"depth", "b1", "g1", "wm", "wa", "w0", "params", "acts"};

std::vector<const TrendGroup*> GroupsAcrossBands(const StudyTrends& trends) {
  std::vector<const TrendGroup*> groups;
  for (const TrendGroup& group : trends.groups) {
    if (AcrossBands(group)) groups.push_back(&group);
  }
  return groups;
}

Json GroupColor(const std::vector<const TrendGroup*>& groups) {
  std::vector<std::string> labels;
  for (const TrendGroup* group : groups) labels.push_back(group->label);
  Json color = SeriesColor(labels);
  color["field"] = "group";
  return color;
}

Chart ErrorChart(const ReportContext& context, const std::vector<const TrendGroup*>& groups,
                 Report& report) {
  DataTable table =
      MakeTable(kErrorTable, {"group", "series", "flops", "mean", "low", "high", "best"});
  Chart chart;
  chart.numbers.caption = "Errors (%) of the series of each space, by their median flops.";
  chart.numbers.headings = {"space", "series", "flops", "models", "mean error %", "best error %"};
  for (const TrendGroup* group : groups) {
    for (size_t i = 0; i < group->series.size(); ++i) {
      const SeriesAnalysis& series = context.study().series[group->series[i]];
      AddRow(table, {group->label, series.label, group->flops[i], series.mean.point,
                     series.mean.low, series.mean.high, series.min_error});
      chart.numbers.rows.push_back({TextCell(group->label), TextCell(series.label),
                                    PropertyCell("flops", group->flops[i]),
                                    CountCell(static_cast<int64_t>(series.models.size())),
                                    IntervalCell(series.mean), PercentCell(series.min_error)});
    }
  }
  report.tables.push_back(std::move(table));
  chart.id = "trends-error";
  chart.title = "Error across flop bands";
  chart.caption = "Mean error of each series with its 95% interval, and dashed the best error.";
  const Json x = Position({"flops", "flops (median of the series)", true, {}});
  const Json color = GroupColor(groups);
  Json mean = {{"mark", {{"type", "line"}, {"point", true}}},
               {"encoding",
                {{"x", x},
                 {"y", Position({"mean", "error, %", false, {}})},
                 {"color", color},
                 {"tooltip", Tooltip({{"series", "series"},
                                      {"flops", "flops"},
                                      {"mean", "mean error, %"},
                                      {"low", "2.5%"},
                                      {"high", "97.5%"},
                                      {"best", "best error, %"}})}}}};
  Json interval = {{"mark", {{"type", "rule"}, {"strokeWidth", 2}, {"opacity", 0.5}}},
                   {"encoding",
                    {{"x", x},
                     {"y", Position({"low", "error, %", false, {}})},
                     {"y2", {{"field", "high"}}},
                     {"color", color}}}};
  Json best = {
      {"mark", {{"type", "line"}, {"strokeDash", {4, 3}}, {"point", true}}},
      {"encoding", {{"x", x}, {"y", Position({"best", "error, %", false, {}})}, {"color", color}}}};
  chart.spec = {{"data", {{"name", kErrorTable}}},
                {"width", "container"},
                {"height", 280},
                {"layer", {std::move(mean), std::move(interval), std::move(best)}}};
  chart.sources = {{kErrorTable, {"group", "series", "flops", "mean", "low", "high", "best"}}};
  return chart;
}

Json BestSpec(const std::string& property, const Json& color) {
  const Json x = Position({"flops", "flops (median of the series)", true, {}});
  const std::string title = PropertyMeaning(property);
  Json band = {{"mark", {{"type", "area"}, {"opacity", 0.15}}},
               {"encoding",
                {{"x", x},
                 {"y", Position({"low", title, false, {}})},
                 {"y2", {{"field", "high"}}},
                 {"color", color}}}};
  Json line = {{"mark", {{"type", "line"}, {"point", true}}},
               {"encoding",
                {{"x", x},
                 {"y", Position({"median", title, false, {}})},
                 {"color", color},
                 {"tooltip", Tooltip({{"series", "series"},
                                      {"flops", "flops"},
                                      {"low", "2.5%"},
                                      {"median", "most likely best"},
                                      {"high", "97.5%"}})}}}};
  return {{"data", {{"name", kTrendBestTable}}},
          {"transform", {{{"filter", {{"field", "property"}, {"equal", property}}}}}},
          {"width", "container"},
          {"height", 200},
          {"layer", {std::move(line), std::move(band)}}};
}

void AddBestCharts(const ReportContext& context, const std::vector<const TrendGroup*>& groups,
                   Report& report, ReportSection& section) {
  DataTable table =
      MakeTable(kTrendBestTable, {"property", "group", "series", "flops", "low", "median", "high"});
  for (const char* name : kProperties) {
    Chart chart;
    chart.numbers.caption = "Where the best models lie, by flop band.";
    chart.numbers.headings = {"space", "series", "flops", "low", "median", "high"};
    for (const TrendGroup* group : groups) {
      for (size_t i = 0; i < group->series.size(); ++i) {
        const SeriesAnalysis& series = context.study().series[group->series[i]];
        const StudyProperty* property = series.Find(name);
        if (!property) continue;
        const BestValueBand& best = property->best;
        AddRow(table, {name, group->label, series.label, group->flops[i], best.low, best.median,
                       best.high});
        chart.numbers.rows.push_back({TextCell(group->label), TextCell(series.label),
                                      PropertyCell("flops", group->flops[i]),
                                      PropertyCell(name, best.low), PropertyCell(name, best.median),
                                      PropertyCell(name, best.high)});
      }
    }
    if (chart.numbers.rows.empty()) continue;
    chart.id = std::string("trends-") + name;
    chart.title = PropertyMeaning(name) + " of the best models";
    chart.size = ChartSize::kHalf;
    chart.spec = BestSpec(name, GroupColor(groups));
    chart.sources = {
        {kTrendBestTable, {"property", "group", "series", "flops", "low", "median", "high"}}};
    section.blocks.push_back(std::move(chart));
  }
  report.tables.push_back(std::move(table));
}

}  // namespace

ReportSection TrendSection(const ReportContext& context, Report& report) {
  ReportSection section{"trends", "Across flop bands", {}};
  const std::vector<const TrendGroup*> groups = GroupsAcrossBands(context.study().trends);
  if (groups.empty()) return section;
  section.blocks.push_back(ErrorChart(context, groups, report));
  section.blocks.push_back(
      Paragraph{"How the parameters of the best models change with flops: most likely best value "
                "and 95% interval of every series."});
  AddBestCharts(context, groups, report, section);
  return section;
}

}  // namespace dse
