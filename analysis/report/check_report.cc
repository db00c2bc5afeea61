#include "analysis/report/check_report.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "core/error.h"

namespace dse {
namespace {

using Names = std::set<std::string>;

// Lower-case letters, digits and '-'; not used before.
void CheckName(const std::string& name, const std::string& what, Names& used) {
  const bool fits = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
  if (!fits) {
    throw Error(fmt::format(
        "report: the {} \"{}\" may have lower-case letters, digits and '-' only", what, name));
  }
  if (!used.insert(name).second) throw Error("report: the " + what + " " + name + " is used twice");
}

void CheckDataTable(const DataTable& table) {
  if (table.columns.empty()) throw Error("report: table " + table.name + " has no columns");
  const size_t rows = table.columns.front().values.size();
  Names names;
  for (const DataColumn& column : table.columns) {
    const std::string where = "report: column " + column.name + " of table " + table.name;
    if (!names.insert(column.name).second) throw Error(where + " is there twice");
    if (column.values.size() != rows) {
      throw Error(fmt::format("{} has {} values, not {}", where, column.values.size(), rows));
    }
    for (const DataValue& value : column.values) {
      const double* number = std::get_if<double>(&value);
      if (number && !std::isfinite(*number)) throw Error(where + " holds no finite number");
    }
  }
}

void CheckReportTable(const ReportTable& table) {
  for (const std::vector<ReportCell>& row : table.rows) {
    if (row.size() == table.headings.size()) continue;
    throw Error(fmt::format("report: a row of table \"{}\" has {} cells under {} headings",
                            table.caption, row.size(), table.headings.size()));
  }
}

// Every {"data": {"name": TABLE}} in a specification must be one of the sources.
void CheckDataNames(const Json& node, const Names& sources, const std::string& where) {
  if (node.is_object() && node.contains("data") && node["data"].is_object()) {
    const Json& data = node["data"];
    if (!data.contains("name") || !data["name"].is_string()) {
      throw Error(where + " has data without a name");
    }
    const std::string name = data["name"].get<std::string>();
    if (!sources.contains(name)) throw Error(where + " draws " + name + ", which is no source");
  }
  if (node.is_structured()) {
    for (const Json& child : node) CheckDataNames(child, sources, where);
  }
}

void CheckChart(const Report& report, const Chart& chart) {
  const std::string where = "report: chart " + chart.id;
  if (!chart.spec.is_object()) throw Error(where + " has no specification");
  if (chart.sources.empty()) throw Error(where + " has no sources");
  Names sources;
  for (const ChartSource& source : chart.sources) {
    if (!sources.insert(source.table).second) {
      throw Error(where + " lists table " + source.table + " twice");
    }
    if (source.columns.empty()) throw Error(where + " reads no column of " + source.table);
    const DataTable& table = FindTable(report, source.table);
    for (const std::string& column : source.columns) FindColumn(table, column);
  }
  CheckDataNames(chart.spec, sources, where);
  CheckReportTable(chart.numbers);
}

}  // namespace

const DataTable& FindTable(const Report& report, const std::string& name) {
  for (const DataTable& table : report.tables) {
    if (table.name == name) return table;
  }
  throw Error("report: there is no table " + name);
}

const DataColumn& FindColumn(const DataTable& table, const std::string& name) {
  for (const DataColumn& column : table.columns) {
    if (column.name == name) return column;
  }
  throw Error("report: table " + table.name + " has no column " + name);
}

void CheckReport(const Report& report) {
  Names tables;
  for (const DataTable& table : report.tables) {
    CheckName(table.name, "table", tables);
    CheckDataTable(table);
  }
  Names ids;
  for (const ReportSection& section : report.sections) {
    CheckName(section.id, "section", ids);
    for (const ReportBlock& block : section.blocks) {
      if (const auto* chart = std::get_if<Chart>(&block)) {
        CheckName(chart->id, "chart", ids);
        CheckChart(report, *chart);
      } else if (const auto* table = std::get_if<ReportTable>(&block)) {
        CheckReportTable(*table);
      }
    }
  }
}

}  // namespace dse
