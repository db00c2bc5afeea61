#include "analysis/report/vega_lite.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace dse {
namespace {

// Titles become part of expressions, in which Vega-Lite escapes quotes but not backslashes: another
// sign stands for them.
std::string TitleText(const std::string& title) {
  std::string text;
  for (const char c : title) text += c == '\\' ? std::string("\u2216") : std::string(1, c);
  return text;
}

}  // namespace

DataValue Value(double number) {
  if (!std::isfinite(number)) return std::monostate{};
  return number;
}

DataTable MakeTable(std::string name, std::initializer_list<const char*> columns) {
  DataTable table{std::move(name), {}};
  for (const char* column : columns) table.columns.push_back({column, {}});
  return table;
}

void AddRow(DataTable& table, std::initializer_list<DataValue> values) {
  size_t column = 0;
  for (const DataValue& value : values) table.columns.at(column++).values.push_back(value);
}

std::string FieldName(const std::string& column) {
  std::string name;
  for (const char c : column) {
    if (c == '.' || c == '[' || c == ']' || c == '\\' || c == '"' || c == '\'') name += '\\';
    name += c;
  }
  return name;
}

Json Position(const Axis& axis) {
  Json scale = {{"zero", false}};
  if (axis.log) scale = {{"type", "log"}, {"nice", false}};
  if (axis.domain) {
    scale["domain"] = {axis.domain->first, axis.domain->second};
    scale["nice"] = false;
  }
  Json position = {{"field", FieldName(axis.field)},
                   {"type", "quantitative"},
                   {"title", TitleText(axis.title)},
                   {"scale", std::move(scale)}};
  if (axis.log) position["axis"] = {{"format", axis.log_format}};
  return position;
}

Json SeriesColor(const std::vector<std::string>& labels) {
  Json color = {{"field", "series"},
                {"type", "nominal"},
                {"title", nullptr},
                {"sort", nullptr},
                {"scale", {{"domain", labels}}}};
  if (labels.size() < 2) color["legend"] = nullptr;
  return color;
}

Json ChooseSeries() {
  return {{"name", "chosen"},
          {"select", {{"type", "point"}, {"fields", {"series"}}}},
          {"bind", "legend"}};
}

Json PanAndZoom() {
  return {
      {"name", "view"},
      {"select",
       {{"type", "interval"},
        {"zoom", "wheel![event.shiftKey]"},
        {"translate", "[pointerdown[event.shiftKey], window:pointerup] > window:pointermove!"}}},
      {"bind", "scales"}};
}

Json ChosenOpacity(double strength) {
  return {{"condition", {{"param", "chosen"}, {"value", strength}}}, {"value", strength / 12}};
}

Json Tooltip(const std::vector<std::pair<std::string, std::string>>& fields) {
  Json tooltip = Json::array();
  for (const auto& [field, title] : fields) {
    tooltip.push_back({{"field", FieldName(field)}, {"title", TitleText(title)}});
  }
  return tooltip;
}

}  // namespace dse
