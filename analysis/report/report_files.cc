#include "analysis/report/report_files.h"

#include "analysis/report/check_report.h"
#include "analysis/report/theme.h"
#include "core/error.h"
#include "core/units.h"

namespace dse {
namespace {

constexpr int kDocumentWidth = 460;  // px of each view

// Every "width": "container" becomes a number.
void SetWidths(Json& node) {
  if (node.is_object() && node.contains("width") && node["width"] == "container") {
    node["width"] = kDocumentWidth;
  }
  if (node.is_structured()) {
    for (Json& child : node) SetWidths(child);
  }
}

Json ToJson(const DataValue& value) {
  if (const auto* number = std::get_if<double>(&value)) return Number(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return nullptr;
}

// The rows of a source as objects with the columns it lists.
Json SourceRows(const Report& report, const ChartSource& source) {
  const DataTable& table = FindTable(report, source.table);
  Json rows = Json::array();
  for (const std::string& name : source.columns) {
    const std::vector<DataValue>& values = FindColumn(table, name).values;
    while (rows.size() < values.size()) rows.push_back(Json::object());
    for (size_t i = 0; i < values.size(); ++i) rows[i][name] = ToJson(values[i]);
  }
  return rows;
}

std::string CsvText(const std::string& text) {
  if (!text.empty() && text.find_first_of(",\"\r\n") == text.npos) return text;
  std::string field = "\"";
  for (const char c : text) {
    if (c == '"') field += '"';
    field += c;
  }
  return field + "\"";
}

std::string CsvField(const DataValue& value) {
  if (const auto* number = std::get_if<double>(&value)) return FormatDouble(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return CsvText(*text);
  return "";
}

}  // namespace

Json ChartDocument(const Report& report, const Chart& chart) {
  Json document = chart.spec;
  SetWidths(document);
  document["$schema"] = "https://vega.github.io/schema/vega-lite/v6.json";
  if (!document.contains("description")) document["description"] = chart.title;
  document["config"] = LightTheme();
  document["config"].erase("background");
  document["background"] = "white";
  Json& datasets = document["datasets"] = Json::object();
  for (const ChartSource& source : chart.sources) {
    datasets[source.table] = SourceRows(report, source);
  }
  return document;
}

std::string TableToCsv(const DataTable& table) {
  std::string csv;
  size_t rows = 0;
  for (const DataColumn& column : table.columns) {
    if (!csv.empty()) csv += ',';
    csv += CsvText(column.name);
    rows = column.values.size();
  }
  csv += "\r\n";
  for (size_t row = 0; row < rows; ++row) {
    for (size_t i = 0; i < table.columns.size(); ++i) {
      if (i > 0) csv += ',';
      csv += CsvField(table.columns[i].values.at(row));
    }
    csv += "\r\n";
  }
  return csv;
}

}  // namespace dse
