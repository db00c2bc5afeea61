#include <algorithm>
#include <cctype>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "analysis/report/model_table.h"
#include "analysis/report/report_cells.h"
#include "analysis/report/report_sections.h"
#include "analysis/study/study_format.h"

namespace dse {
namespace {

constexpr size_t kDrawnProperties = 60;
constexpr const char* kBestTable = "best-values";

// Sizes and rates are drawn on a logarithmic scale, counts and ratios are not.
bool DrawnInLogs(const std::string& name, double smallest, double largest) {
  static const std::set<std::string> kSizes = {"flops", "params", "acts", "lr", "wd", "lr_wd"};
  const bool by_stage = name.size() == 2 && (name[0] == 'w' || name[0] == 'g') &&
                        std::isdigit(static_cast<unsigned char>(name[1])) != 0 && name[1] != '0';
  return smallest > 0 && largest / smallest > 4 && (by_stage || kSizes.contains(name));
}

// A property over all series that have it.
struct Shown {
  std::string name;
  double smallest = 0;
  double largest = 0;
};

// A little more than the range, so that no mark lies on the edge; the views share it.
std::pair<double, double> DomainOf(const Shown& shown, bool log) {
  constexpr double kMargin = 0.03;
  if (log) {
    const double factor = std::pow(shown.largest / shown.smallest, kMargin);
    return {shown.smallest / factor, shown.largest * factor};
  }
  const double margin = kMargin * (shown.largest - shown.smallest);
  return {shown.smallest - margin, shown.largest + margin};
}

std::vector<Shown> ShownProperties(const ReportContext& context) {
  std::vector<Shown> shown;
  for (const SeriesAnalysis* series : context.series()) {
    for (const StudyProperty& property : series->properties) {
      const auto found = std::ranges::find(shown, property.name, &Shown::name);
      if (found == shown.end()) {
        shown.push_back({property.name, property.smallest, property.largest});
      } else {
        found->smallest = std::min(found->smallest, property.smallest);
        found->largest = std::max(found->largest, property.largest);
      }
    }
  }
  std::erase_if(shown, [](const Shown& one) { return one.smallest == one.largest; });
  return shown;
}

// Letters, digits and dashes, unlike those before.
std::string ChartId(const std::string& property, std::set<std::string>& taken) {
  std::string id = "property-";
  for (const char c : property) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte < 0x80 && std::isalnum(byte) != 0;
    id += plain ? static_cast<char>(std::tolower(byte)) : '-';
  }
  std::string unique = id;
  for (int number = 2; !taken.insert(unique).second; ++number) {
    unique = id + "-" + std::to_string(number);
  }
  return unique;
}

void AddBestTable(const ReportContext& context, const std::vector<Shown>& shown, Report& report) {
  DataTable table = MakeTable(kBestTable, {"property", "series", "low", "median", "high"});
  for (const Shown& one : shown) {
    for (const SeriesAnalysis* series : context.series()) {
      const StudyProperty* property = series->Find(one.name);
      if (!property) continue;
      AddRow(table, {one.name, series->label, property->best.low, property->best.median,
                     property->best.high});
    }
  }
  report.tables.push_back(std::move(table));
}

ReportTable BestNumbers(const ReportContext& context, const std::string& name) {
  ReportTable table;
  table.caption =
      "Where the best models lie: 95% interval and most likely value, beside the range "
      "of all models.";
  table.headings = {"series", "low", "median", "high", "smallest", "largest", "models"};
  for (const SeriesAnalysis* series : context.series()) {
    const StudyProperty* property = series->Find(name);
    if (!property) continue;
    const auto cell = [&](double value) { return PropertyCell(name, value); };
    table.rows.push_back({TextCell(series->label), cell(property->best.low),
                          cell(property->best.median), cell(property->best.high),
                          cell(property->smallest), cell(property->largest),
                          CountCell(property->models)});
  }
  return table;
}

// Errors against the property, and below, on the same scale, the intervals of the best values.
Json PropertySpec(const ReportContext& context, const Shown& shown) {
  const std::string column = ModelColumn(shown.name);
  const bool log = DrawnInLogs(shown.name, shown.smallest, shown.largest);
  const auto domain = DomainOf(shown, log);
  Json above = Position({column, shown.name, log, domain});
  above["axis"] = {{"labels", false}, {"ticks", false}, {"title", nullptr}};
  Json points = {{"data", {{"name", kModelTable}}},
                 {"width", "container"},
                 {"height", 220},
                 {"params", context.SeriesParams(false)},
                 {"mark", {{"type", "point"}, {"filled", true}, {"size", 22}, {"clip", true}}},
                 {"encoding",
                  {{"x", above},
                   {"y", Position(context.ErrorAxis("error", "error, %"))},
                   {"color", context.Color()},
                   {"opacity", context.SeriesOpacity(0.6)},
                   {"tooltip", ModelTooltip(context, {{column, shown.name}})}}}};
  Json lane = {{"field", "series"},
               {"type", "nominal"},
               {"title", nullptr},
               {"sort", context.labels()},
               {"axis", nullptr}};
  const Json color = context.Color();
  Json interval = {{"mark", {{"type", "rule"}, {"strokeWidth", 4}, {"opacity", 0.55}}},
                   {"encoding",
                    {{"y", lane},
                     {"x", Position({"low", PropertyMeaning(shown.name), log, domain})},
                     {"x2", {{"field", "high"}}},
                     {"color", color}}}};
  Json median = {{"mark", {{"type", "point"}, {"filled", true}, {"size", 55}, {"opacity", 1}}},
                 {"encoding",
                  {{"y", lane},
                   {"x", Position({"median", PropertyMeaning(shown.name), log, domain})},
                   {"color", color},
                   {"tooltip", Tooltip({{"series", "series"},
                                        {"low", "2.5%"},
                                        {"median", "most likely best"},
                                        {"high", "97.5%"}})}}}};
  Json lanes = {{"data", {{"name", kBestTable}}},
                {"transform", {{{"filter", {{"field", "property"}, {"equal", shown.name}}}}}},
                {"width", "container"},
                {"height", 12 * context.labels().size()},
                {"layer", {std::move(median), std::move(interval)}}};
  return {{"vconcat", {std::move(points), std::move(lanes)}},
          {"spacing", 6},
          {"resolve", {{"scale", {{"x", "shared"}}}}}};
}

Chart PropertyChart(const ReportContext& context, const Shown& shown, std::string id) {
  Chart chart;
  chart.id = std::move(id);
  chart.title = PropertyMeaning(shown.name);
  chart.size = ChartSize::kHalf;
  chart.left_out = ModelsLeftOut(context);
  chart.spec = PropertySpec(context, shown);
  chart.sources = {{kModelTable, ModelColumns(context, {ModelColumn(shown.name)})},
                   {kBestTable, {"property", "series", "low", "median", "high"}}};
  chart.numbers = BestNumbers(context, shown.name);
  return chart;
}

}  // namespace

ReportSection PropertySection(const ReportContext& context, Report& report) {
  ReportSection section{"properties", "What the best networks share", {}};
  std::vector<Shown> shown = ShownProperties(context);
  if (shown.empty()) return section;
  section.blocks.push_back(Paragraph{
      "Each chart shows the errors of all models against one property. Below it, on the same "
      "scale, "
      "the range in which the best models have that property with 95% confidence, and the most "
      "likely best value as a dot: the empirical bootstrap of the paper, " +
      std::string(context.study().options.method == BandMethod::kExact
                      ? "by its exact law."
                      : "by 10,000 seeded draws.")});
  if (shown.size() > kDrawnProperties) {
    section.blocks.push_back(Paragraph{"Drawn are the first " + std::to_string(kDrawnProperties) +
                                       " of " + std::to_string(shown.size()) + " properties."});
    shown.resize(kDrawnProperties);
  }
  AddBestTable(context, shown, report);
  std::set<std::string> taken;
  for (const Shown& one : shown) {
    section.blocks.push_back(PropertyChart(context, one, ChartId(one.name, taken)));
  }
  return section;
}

}  // namespace dse
