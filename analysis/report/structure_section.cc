#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "analysis/report/model_table.h"
#include "analysis/report/network_drawing.h"
#include "analysis/report/report_cells.h"
#include "analysis/report/report_sections.h"
#include "analysis/study/study_format.h"
#include "core/model.h"
#include "core/sentence.h"

namespace dse {
namespace {

constexpr size_t kBestModels = 20;
constexpr size_t kDrawnNetworks = 3;  // of the best, and of the worst
constexpr const char* kWidthTable = "best-widths";
constexpr const char* kReferenceTable = "reference-widths";

int ValueAt(const SeriesAnalysis& series, const std::string& name, size_t place) {
  const StudyProperty* property = series.Find(name);
  if (!property) return 0;
  const double value = property->values[place];
  return value >= 1 && value <= kMaxWidth ? static_cast<int>(value) : 0;
}

// Depths and block widths of a model from its properties; none where it has no network.
NetworkSketch SketchOf(const SeriesAnalysis& series, size_t place) {
  NetworkSketch sketch;
  for (int stage = 1; stage <= kMaxStages; ++stage) {
    const int depth = ValueAt(series, "d" + std::to_string(stage), place);
    const int width = ValueAt(series, "w" + std::to_string(stage), place);
    const auto blocks = static_cast<int>(sketch.widths.size());
    if (depth <= 0 || width <= 0 || depth > kMaxDepth - blocks) break;
    sketch.depths.push_back(depth);
    sketch.widths.insert(sketch.widths.end(), static_cast<size_t>(depth), width);
  }
  return sketch;
}

std::optional<Fit> FitOf(const SeriesAnalysis& series, size_t place) {
  Fit fit;
  const std::pair<const char*, double*> kParts[] = {
      {"w0", &fit.w0}, {"wa", &fit.wa}, {"wm", &fit.wm}};
  for (const auto& [name, part] : kParts) {
    const StudyProperty* property = series.Find(name);
    if (!property || !(property->values[place] > 0)) return std::nullopt;
    *part = property->values[place];
  }
  // What no network was drawn from, imported columns of these names may hold.
  const bool sane =
      fit.w0 >= 1 && fit.w0 <= kMaxWidth && fit.wa <= kMaxWidth && fit.wm >= 1.01 && fit.wm <= 100;
  return sane ? std::optional(fit) : std::nullopt;
}

std::vector<const SeriesAnalysis*> SeriesWithNetworks(const ReportContext& context) {
  std::vector<const SeriesAnalysis*> found;
  for (const SeriesAnalysis* series : context.series()) {
    if (series->Find("w1") && series->Find("d1")) found.push_back(series);
  }
  return found;
}

// The widths of the best models of a series, block by block; the widest of them.
double AddWidths(const SeriesAnalysis& series, DataTable& table, ReportTable& numbers) {
  double widest = 0;
  const size_t models = std::min(kBestModels, FinishedModels(series));
  for (size_t place = 0; place < models; ++place) {
    const NetworkSketch sketch = SketchOf(series, place);
    if (sketch.widths.empty()) continue;
    const StudyModel& model = series.models[place];
    for (size_t block = 0; block < sketch.widths.size(); ++block) {
      AddRow(table, {series.label, model.label(), static_cast<double>(place + 1), model.error,
                     static_cast<double>(block), static_cast<double>(sketch.widths[block])});
      widest = std::max(widest, static_cast<double>(sketch.widths[block]));
    }
    numbers.rows.push_back(
        {CountCell(static_cast<int64_t>(place) + 1), TextCell(model.label()),
         PercentCell(model.error), TextCell(PropertyText(series, "depth", place)),
         TextCell(StageWidthsText(series, place)), TextCell(PropertyText(series, "e_fit", place))});
  }
  return widest;
}

Json WidthSpec(const std::string& label, double widest) {
  const Axis block{"block", "block", false, {}};
  const Axis width{"width", "width", false, std::pair(0.0, 1.05 * widest)};
  Json reference = {{"data", {{"name", kReferenceTable}}},
                    {"mark", {{"type", "line"}, {"style", "reference"}, {"clip", true}}},
                    {"encoding", {{"x", Position(block)}, {"y", Position(width)}}}};
  Json lines = {{"data", {{"name", kWidthTable}}},
                {"transform", {{{"filter", {{"field", "series"}, {"equal", label}}}}}},
                {"mark",
                 {{"type", "line"},
                  {"interpolate", "step-after"},
                  {"point", {{"size", 14}}},
                  {"opacity", 0.45},
                  {"strokeWidth", 1.2}}},
                {"encoding",
                 {{"x", Position(block)},
                  {"y", Position(width)},
                  {"detail", {{"field", "rank"}}},
                  {"tooltip", Tooltip({{"model", "model"},
                                       {"rank", "rank"},
                                       {"error", "error, %"},
                                       {"block", "block"},
                                       {"width", "width"}})}}}};
  return {
      {"width", "container"}, {"height", 240}, {"layer", {std::move(reference), std::move(lines)}}};
}

void AddWidthCharts(const std::vector<const SeriesAnalysis*>& series, Report& report,
                    ReportSection& section) {
  DataTable table = MakeTable(kWidthTable, {"series", "model", "rank", "error", "block", "width"});
  DataTable reference = MakeTable(kReferenceTable, {"block", "width"});
  for (int j = 0; j <= 20; ++j) AddRow(reference, {double(j), 48.0 * (j + 1)});
  for (size_t i = 0; i < series.size(); ++i) {
    Chart chart;
    chart.numbers.caption = "The best models and the widths of their stages.";
    chart.numbers.headings = {"rank", "model", "error %", "depth", "widths", "e_fit"};
    const double widest = AddWidths(*series[i], table, chart.numbers);
    if (widest == 0) continue;
    const size_t models = chart.numbers.rows.size();
    chart.id = "widths-" + std::to_string(i + 1);
    chart.title = "Widths of the best of " + series[i]->label;
    chart.size = ChartSize::kHalf;
    chart.caption = "The width of every block of the best " +
                    CountOf(static_cast<int64_t>(models), "model") +
                    ". The rule is w = 48 (j + 1), to which the paper's best AnyNetXE models keep.";
    chart.spec = WidthSpec(series[i]->label, widest);
    chart.sources = {{kWidthTable, {"series", "model", "rank", "error", "block", "width"}},
                     {kReferenceTable, {"block", "width"}}};
    section.blocks.push_back(std::move(chart));
  }
  if (table.columns.front().values.empty()) return;
  report.tables.push_back(std::move(table));
  report.tables.push_back(std::move(reference));
}

std::string DetailsOf(const SeriesAnalysis& series, size_t place) {
  std::string details = "widths " + StageWidthsText(series, place);
  for (const char* name : {"b1", "g1"}) {
    const std::string value = PropertyText(series, name, place);
    if (value != "-") details += fmt::format(", {} {}", name[0], value);
  }
  return details + ", e_fit " + PropertyText(series, "e_fit", place);
}

// Best and worst networks of a series, all to one scale.
void AddDrawings(const SeriesAnalysis& series, ReportSection& section) {
  struct Drawn {
    size_t place;
    NetworkSketch sketch;
  };
  std::vector<Drawn> drawn;
  int widest = 0;
  const size_t n = FinishedModels(series);
  for (size_t place = 0; place < n; ++place) {
    if (place >= kDrawnNetworks && place + kDrawnNetworks < n) continue;
    NetworkSketch sketch = SketchOf(series, place);
    if (sketch.widths.empty()) continue;
    const StudyModel& model = series.models[place];
    sketch.title =
        fmt::format("{}. {}%, {}, {}", place + 1, FormatPercent(model.error),
                    model.name.empty() ? fmt::format("model {}", model.index) : model.name,
                    PropertyText(series, "flops", place));
    sketch.details = DetailsOf(series, place);
    sketch.fit = FitOf(series, place);
    widest = std::max(widest, *std::ranges::max_element(sketch.widths));
    drawn.push_back({place, std::move(sketch)});
  }
  if (drawn.empty()) return;
  section.blocks.push_back(
      Paragraph{"Best and worst networks of " + series.label +
                " that did not diverge, by rank: a bar for each block, as high as it is wide, "
                "stages in two shades, all to one scale; dashed the widths "
                "that a quantized linear function makes."});
  for (const Drawn& one : drawn) {
    section.blocks.push_back(Drawing{DrawNetwork(one.sketch, widest), ""});
  }
}

}  // namespace

ReportSection StructureSection(const ReportContext& context, Report& report) {
  ReportSection section{"structure", "Structure of the networks", {}};
  std::vector<const SeriesAnalysis*> series = SeriesWithNetworks(context);
  if (series.empty()) return section;
  if (series.size() > kDrawnSeries) {
    section.blocks.push_back(Paragraph{
        fmt::format("Drawn are the first {} of {} series.", kDrawnSeries, series.size())});
    series.resize(kDrawnSeries);
  }
  AddWidthCharts(series, report, section);
  for (const SeriesAnalysis* one : series) AddDrawings(*one, section);
  return section;
}

}  // namespace dse
