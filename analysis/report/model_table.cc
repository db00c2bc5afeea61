#include "analysis/report/model_table.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "analysis/study/properties.h"
#include "analysis/study/study_format.h"

namespace dse {
namespace {

constexpr const char* kOwnColumns[] = {"series", "model",   "index",  "error",
                                       "sd",     "repeats", "widths", "depths"};
// What a tooltip tells of every model, where it has it.
constexpr std::pair<const char*, const char*> kTold[] = {
    {"series", "series"}, {"model", "model"}, {"error", "error, %"}, {"depths", "depths"},
    {"widths", "widths"}, {"b1", "b1"},       {"g1", "g1"},          {"w0", "w0"},
    {"wa", "wa"},         {"wm", "wm"},       {"flops", "flops"}};

// The models of a series that are drawn: all, or a quarter of them from the best on and the rest at
// even steps.
std::vector<size_t> DrawnPlaces(size_t models) {
  std::vector<size_t> places;
  if (models <= kDrawnModels) {
    for (size_t i = 0; i < models; ++i) places.push_back(i);
    return places;
  }
  constexpr size_t kBest = kDrawnModels / 4;
  constexpr size_t kOthers = kDrawnModels - kBest;
  for (size_t i = 0; i < kBest; ++i) places.push_back(i);
  for (size_t i = 0; i < kOthers; ++i) {
    places.push_back(kBest + i * (models - 1 - kBest) / (kOthers - 1));
  }
  return places;
}

DataValue TextOrNothing(std::string text) {
  if (text.empty()) return std::monostate{};
  return text;
}

// Names of the properties of any series, in their order.
std::vector<std::string> PropertyNames(const ReportContext& context) {
  std::vector<std::string> names;
  for (const SeriesAnalysis* series : context.series()) {
    for (const StudyProperty& property : series->properties) {
      if (std::ranges::find(names, property.name) == names.end()) names.push_back(property.name);
    }
  }
  return names;
}

bool Told(const ReportContext& context, const std::string& column) {
  if (column == "series" || column == "model" || column == "error") return true;
  const char* needed = column == "depths" ? "d1" : column == "widths" ? "w1" : column.c_str();
  return std::ranges::any_of(context.series(), [needed](const SeriesAnalysis* series) {
    return series->Find(needed) != nullptr;
  });
}

}  // namespace

std::string ModelColumn(const std::string& property) {
  const bool taken = std::ranges::find(kOwnColumns, property) != std::end(kOwnColumns);
  return taken ? "property " + property : property;
}

void AddModelTable(const ReportContext& context, Report& report) {
  DataTable table{kModelTable, {}};
  for (const char* name : kOwnColumns) table.columns.push_back({name, {}});
  const std::vector<std::string> properties = PropertyNames(context);
  for (const std::string& name : properties) table.columns.push_back({ModelColumn(name), {}});
  for (const SeriesAnalysis* series : context.series()) {
    const std::vector<size_t> places = DrawnPlaces(series->models.size());
    for (const size_t place : places) {
      const StudyModel& model = series->models[place];
      size_t column = 0;
      for (DataValue& value : std::vector<DataValue>{
               series->label, TextOrNothing(model.label()), static_cast<double>(model.index),
               model.error, model.sd ? DataValue(*model.sd) : DataValue(),
               static_cast<double>(model.repeats), TextOrNothing(StageText(*series, 'w', place)),
               TextOrNothing(StageText(*series, 'd', place))}) {
        table.columns[column++].values.push_back(std::move(value));
      }
    }
    for (size_t p = 0; p < properties.size(); ++p) {
      const StudyProperty* property = series->Find(properties[p]);
      std::vector<DataValue>& values = table.columns[std::size(kOwnColumns) + p].values;
      for (const size_t place : places) {
        values.push_back(property ? Value(property->values[place]) : DataValue());
      }
    }
  }
  report.tables.push_back(std::move(table));
}

std::string ModelsLeftOut(const ReportContext& context) {
  std::string text = context.OutsideFrame();
  for (const SeriesAnalysis* series : context.series()) {
    if (series->models.size() <= kDrawnModels) continue;
    text += fmt::format(
        "{}{} of {} models of {} are drawn: the best {} and others at even steps of rank.",
        text.empty() ? "" : " ", kDrawnModels, series->models.size(), series->label,
        kDrawnModels / 4);
  }
  return text;
}

Json ModelTooltip(const ReportContext& context,
                  const std::vector<std::pair<std::string, std::string>>& more) {
  std::vector<std::pair<std::string, std::string>> fields;
  for (const auto& [column, title] : kTold) {
    if (Told(context, column)) fields.emplace_back(column, title);
  }
  for (const auto& field : more) {
    if (std::ranges::find(fields, field.first, [](const auto& f) { return f.first; }) ==
        fields.end()) {
      fields.push_back(field);
    }
  }
  return Tooltip(fields);
}

std::vector<std::string> ModelColumns(const ReportContext& context,
                                      const std::vector<std::string>& more) {
  std::vector<std::string> columns;
  for (const auto& [column, title] : kTold) {
    if (Told(context, column)) columns.emplace_back(column);
  }
  for (const std::string& column : more) {
    if (std::ranges::find(columns, column) == columns.end()) columns.push_back(column);
  }
  return columns;
}

}  // namespace dse
