#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "analysis/report/report_cells.h"
#include "analysis/report/report_sections.h"
#include "analysis/study/study_format.h"
#include "core/sentence.h"

namespace dse {
namespace {

constexpr const char* kSpreadTable = "learning-curves";
constexpr const char* kCurveTable = "learning-curves-of-models";
constexpr const char* kNoiseTable = "seed-noise";

// "best", "middle" or "worst": where a curve's model stands in its series.
const char* StandingOf(size_t place, const SeriesAnalysis& series) {
  const std::vector<LearningCurve>& curves = series.curves.models;
  constexpr size_t kEnd = 3;
  if (place <= curves[std::min(kEnd, curves.size()) - 1].place) return "best";
  return place >= curves[curves.size() - kEnd].place ? "worst" : "middle";
}

Json CurveSpec(const std::string& label) {
  const Axis epoch{"epoch", "epoch", false, {}};
  const Json own = {{{"filter", {{"field", "series"}, {"equal", label}}}}};
  Json band = {{"data", {{"name", kSpreadTable}}},
               {"transform", own},
               {"mark", {{"type", "area"}, {"style", "band"}}},
               {"encoding",
                {{"x", Position(epoch)},
                 {"y", Position({"low", "test error, %", false, {}})},
                 {"y2", {{"field", "high"}}}}}};
  Json median = {{"data", {{"name", kSpreadTable}}},
                 {"transform", own},
                 {"mark", {{"type", "line"}, {"style", "reference"}}},
                 {"encoding",
                  {{"x", Position(epoch)},
                   {"y", Position({"median", "test error, %", false, {}})},
                   {"tooltip", Tooltip({{"epoch", "epoch"},
                                        {"models", "models"},
                                        {"low", "10%"},
                                        {"median", "median"},
                                        {"high", "90%"}})}}}};
  const Json standing = {{"field", "standing"},
                         {"type", "nominal"},
                         {"title", nullptr},
                         {"scale", {{"domain", {"best", "middle", "worst"}}}}};
  Json curves = {{"data", {{"name", kCurveTable}}},
                 {"transform", own},
                 {"mark", {{"type", "line"}, {"strokeWidth", 1.5}}},
                 {"encoding",
                  {{"x", Position(epoch)},
                   {"y", Position({"error", "test error, %", false, {}})},
                   {"detail", {{"field", "rank"}}},
                   {"color", standing},
                   {"tooltip", Tooltip({{"model", "model"},
                                        {"rank", "rank"},
                                        {"epoch", "epoch"},
                                        {"error", "test error, %"}})}}}};
  return {{"width", "container"},
          {"height", 240},
          {"layer", {std::move(curves), std::move(median), std::move(band)}}};
}

void AddRows(const SeriesAnalysis& series, DataTable& spread, DataTable& curves,
             ReportTable& numbers) {
  for (const EpochSpread& epoch : series.curves.spread) {
    AddRow(spread, {series.label, double(epoch.epoch), static_cast<double>(epoch.models), epoch.low,
                    epoch.median, epoch.high});
    numbers.rows.push_back({CountCell(epoch.epoch), CountCell(epoch.models), PercentCell(epoch.low),
                            PercentCell(epoch.median), PercentCell(epoch.high)});
  }
  for (const LearningCurve& curve : series.curves.models) {
    const StudyModel& model = series.models[curve.place];
    for (const CurvePoint& point : curve.points) {
      AddRow(curves, {series.label, model.label(), static_cast<double>(curve.place + 1),
                      StandingOf(curve.place, series), double(point.epoch), point.error});
    }
  }
}

void AddCurveCharts(const ReportContext& context, Report& report, ReportSection& section) {
  DataTable spread =
      MakeTable(kSpreadTable, {"series", "epoch", "models", "low", "median", "high"});
  DataTable curves =
      MakeTable(kCurveTable, {"series", "model", "rank", "standing", "epoch", "error"});
  size_t drawn = 0, with_curves = 0;
  for (const SeriesAnalysis* series : context.series()) {
    if (series->curves.spread.empty() || ++with_curves > kDrawnSeries) continue;
    Chart chart;
    chart.numbers.caption = "Test errors (%) after each epoch: quantiles over the models.";
    chart.numbers.headings = {"epoch", "models", "10%", "median", "90%"};
    AddRows(*series, spread, curves, chart.numbers);
    chart.id = "learning-curves-" + std::to_string(++drawn);
    chart.title = "Learning curves of " + series->label;
    chart.size = ChartSize::kHalf;
    chart.caption =
        "Test error after each epoch: of the three best models, the middle one and the three "
        "worst; "
        "shaded where the middle 80% of all models lie, with the median.";
    if (series->curves.without > 0) {
      chart.left_out = CountOf(series->curves.without, "model") + " without recorded epochs.";
    }
    chart.spec = CurveSpec(series->label);
    chart.sources = {{kSpreadTable, {"series", "epoch", "models", "low", "median", "high"}},
                     {kCurveTable, {"series", "model", "rank", "standing", "epoch", "error"}}};
    section.blocks.push_back(std::move(chart));
  }
  if (drawn == 0) return;
  if (with_curves > drawn) {
    section.blocks.push_back(Paragraph{fmt::format(
        "Learning curves are drawn for the first {} of {} series.", drawn, with_curves)});
  }
  report.tables.push_back(std::move(spread));
  report.tables.push_back(std::move(curves));
}

Json NoiseSpec(size_t series) {
  const Json lane = {
      {"field", "series"}, {"type", "nominal"}, {"title", nullptr}, {"sort", nullptr}};
  const Json shape = {{"field", "kind"}, {"type", "nominal"}, {"title", nullptr}};
  const std::string title = "standard deviation, points of error";
  Json interval = {{"mark", {{"type", "rule"}, {"strokeWidth", 3}, {"opacity", 0.5}}},
                   {"encoding",
                    {{"y", lane},
                     {"x", Position({"low", title, false, {}})},
                     {"x2", {{"field", "high"}}},
                     {"color", shape}}}};
  Json point = {{"mark", {{"type", "point"}, {"filled", true}, {"size", 70}}},
                {"encoding",
                 {{"y", lane},
                  {"x", Position({"sd", title, false, {}})},
                  {"color", shape},
                  {"shape", shape},
                  {"tooltip", Tooltip({{"series", "series"},
                                       {"kind", "between"},
                                       {"sd", "standard deviation"},
                                       {"low", "2.5%"},
                                       {"high", "97.5%"}})}}}};
  return {{"data", {{"name", kNoiseTable}}},
          {"width", "container"},
          {"height", 26 * series},
          {"layer", {std::move(point), std::move(interval)}}};
}

void AddNoiseChart(const ReportContext& context, Report& report, ReportSection& section) {
  DataTable table = MakeTable(kNoiseTable, {"series", "kind", "sd", "low", "high"});
  Chart chart;
  chart.numbers.caption = "Standard deviations in points of error.";
  chart.numbers.headings = {"series",
                            "models repeated",
                            "runs",
                            "between repeats",
                            "between the models repeated",
                            "between all models"};
  for (const SeriesAnalysis* series : context.series()) {
    if (!series->seed_noise) continue;
    const SeedNoise& noise = *series->seed_noise;
    AddRow(table, {series->label, "repeats of a model", noise.within_sd.point, noise.within_sd.low,
                   noise.within_sd.high});
    if (noise.between_sd) {
      AddRow(table, {series->label, "repeated models", *noise.between_sd, *noise.between_sd,
                     *noise.between_sd});
    }
    const double all = series->models_sd.value_or(std::nan(""));
    AddRow(table, {series->label, "all models", Value(all), Value(all), Value(all)});
    chart.numbers.rows.push_back({TextCell(series->label), CountCell(noise.models),
                                  CountCell(noise.runs), IntervalCell(noise.within_sd),
                                  NumberCell("%.2f", noise.between_sd.value_or(std::nan(""))),
                                  NumberCell("%.2f", all)});
  }
  if (chart.numbers.rows.empty()) return;
  report.tables.push_back(std::move(table));
  chart.id = "seed-noise";
  chart.title = "Noise of the seed beside the spread between models";
  chart.caption =
      "How much repeats of one model differ (pooled, with a 95% interval), and how much the models "
      "themselves do: those repeated, with the noise taken out (one-way random effects), and all "
      "that "
      "did not diverge. Models whose errors differ by less than the noise are not told apart by "
      "one "
      "run each.";
  chart.spec = NoiseSpec(chart.numbers.rows.size());
  chart.sources = {{kNoiseTable, {"series", "kind", "sd", "low", "high"}}};
  section.blocks.push_back(std::move(chart));
}

}  // namespace

ReportSection TrainingSection(const ReportContext& context, Report& report) {
  ReportSection section{"training", "Training", {}};
  AddCurveCharts(context, report, section);
  AddNoiseChart(context, report, section);
  return section;
}

}  // namespace dse
