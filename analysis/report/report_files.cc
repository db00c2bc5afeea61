#include "analysis/report/report_files.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

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

// The fields that channels with a legend read.
void AddLegendFields(const Json& node, std::set<std::string>& fields) {
  if (node.is_object()) {
    for (const char* channel : {"color", "fill", "stroke", "strokeDash", "shape"}) {
      const auto found = node.find(channel);
      if (found != node.end() && found->is_object() && found->contains("field")) {
        fields.insert(found->at("field").get<std::string>());
      }
    }
  }
  if (node.is_structured()) {
    for (const Json& child : node) AddLegendFields(child, fields);
  }
}

// How many labels of the legend stand in a row as wide as the document; report.js does the same.
int64_t LegendColumns(const Json& document) {
  std::set<std::string> fields;
  AddLegendFields(document, fields);
  size_t longest = 0;
  for (const Json& rows : document["datasets"]) {
    for (const Json& row : rows) {
      for (const std::string& field : fields) {
        const auto cell = row.find(field);
        if (cell == row.end() || !cell->is_string()) continue;
        longest = std::max(longest, cell->get_ref<const std::string&>().size());
      }
    }
  }
  const int64_t entry = 40 + std::min<int64_t>(300, 7 * static_cast<int64_t>(longest));
  return std::max<int64_t>(1, kDocumentWidth / entry);
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
  document["config"]["legend"]["columns"] = LegendColumns(document);
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
